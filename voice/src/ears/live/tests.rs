//! Live hearing with a real recogniser: of sentences that eSpeak NG says, in pieces of every length.

use super::course::{Course, Of};
use crate::ears::desk::{Desk, ListenError, Settings};
use crate::ears::hearing::{Listener, Wish};
use crate::ears::model::Model;
use crate::ears::tests::{easy, samples, shelf, spoken};
use crate::shelf::models::Shelf;
use crate::shelf::proof::Proofs;
use crate::sound::pace::{HEARD, Pace};
use bytes::Bytes;
use futures::StreamExt;
use futures::channel::mpsc;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use voice_client::live::wire::{LiveEvent, Start};

const SENTENCES: [&str; 5] =
    ["turn on the light", "what is my name", "remember the number four two", "red green blue", "stop"];
/// What eSpeak NG makes.
pub const RATE: u32 = 22_050;

/// Sentences with a second and a half of nothing behind each, as 16-bit samples.
pub fn pcm(sentences: &[&str]) -> Vec<u8> {
    let pause = vec![0; RATE as usize * 3];
    sentences.iter().flat_map(|words| [samples(&spoken(words)), &pause].concat()).collect()
}

fn floats(pcm: &[u8]) -> Vec<f32> {
    let samples: Vec<f32> =
        pcm.as_chunks::<2>().0.iter().map(|two| f32::from(i16::from_le_bytes(*two)) / 32_768.0).collect();
    let (mut pace, mut out) = (Pace::new(RATE, HEARD).expect("a pace"), Vec::new());
    pace.take(&samples, &mut out);
    pace.end(&mut out);
    out
}

/// What is told of it where it comes in pieces as long as that. Each thing is heard before more of it comes.
fn course(
    model: &Model,
    sound: &[f32],
    said: &str,
    mut piece: impl FnMut() -> usize,
) -> Vec<(usize, LiveEvent)> {
    let (mut course, mut told, mut at) = (Course::new(said), Vec::new(), 0);
    let mut listener = Listener::new(model, 1).expect("a state");
    let stop = CancellationToken::new();
    loop {
        while let Some(due) = course.due() {
            let heard = match due.of {
                Of::Guess { .. } => listener.guess(&due.window, &Wish::default(), &stop),
                Of::Whole { .. } => listener.hear(&due.window, &Wish::default(), &stop),
            };
            course.heard(due.of, &heard.expect("heard"), Duration::ZERO);
        }
        while let Some(event) = course.event() {
            told.push((at, event));
        }
        if told.last().is_some_and(|(_, event)| *event == LiveEvent::Done) {
            return told;
        }
        if course.is_over() {
            course.finish();
        } else if at < sound.len() {
            let to = (at + piece()).min(sound.len());
            course.take(&sound[at..to]);
            at = to;
        } else {
            course.end();
        }
    }
}

/// The utterances. What was final of each is what it is in the end.
pub fn utterances<'a>(events: impl IntoIterator<Item = &'a LiveEvent>) -> Vec<String> {
    let (mut settled, mut all) = (String::new(), Vec::new());
    for event in events {
        match event {
            LiveEvent::Final { text } => settled.push_str(text),
            LiveEvent::Utterance { text, from, to, .. } => {
                assert!(from < to);
                assert_eq!(std::mem::take(&mut settled), *text);
                all.push(text.clone());
            }
            _ => {}
        }
    }
    assert_eq!(settled, "", "every final word is of an utterance");
    all
}

#[test]
fn words_that_are_final_never_change_however_the_sound_is_cut() {
    let (_root, path) = shelf();
    let model = Model::load(&path).expect("the fixture");
    let sound = floats(&pcm(&SENTENCES));
    let mut seed = 7_u32;
    for longest in [160, 3000, 9000, 40_000] {
        let piece = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1 + (seed >> 8) as usize % longest
        };
        let told = course(&model, &sound, "", piece);
        assert_eq!(utterances(told.iter().map(|(_, event)| event)), SENTENCES, "{longest}");
        if longest < 9000 {
            // While it is said, and not at its end.
            let (mut began, mut firsts, mut early) = (0, Vec::new(), 0);
            for (at, event) in &told {
                match event {
                    LiveEvent::Began { .. } => (began, early) = (*at, early + 1),
                    LiveEvent::Partial { .. } if firsts.len() < early => firsts.push(at - began),
                    _ => {}
                }
            }
            let slowest = firsts.iter().max().expect("there are guesses") * 1000 / HEARD as usize;
            assert!(firsts.len() == SENTENCES.len() && slowest <= 1000, "{slowest} ms of sound: {firsts:?}");
        }
    }
}

#[test]
fn what_was_final_before_the_sound_began_is_told_once() {
    let (_root, path) = shelf();
    let model = Model::load(&path).expect("the fixture");
    let sound = floats(&pcm(&SENTENCES[..2]));
    let told = course(&model, &sound, "turn on", || 800);
    let finals: String = told
        .iter()
        .filter_map(|(_, event)| match event {
            LiveEvent::Final { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(finals, " the lightwhat is my name");
    let nothing = course(&model, &vec![0.0; 80_000], "turn on", || 800);
    let said = nothing
        .iter()
        .any(|(_, event)| matches!(event, LiveEvent::Utterance { text, .. } if text == "turn on"));
    assert!(said, "{nothing:?}");
}

#[test]
fn whoever_never_pauses_is_cut_and_what_is_kept_stays_small() {
    let (_root, path) = shelf();
    let model = Model::load(&path).expect("the fixture");
    let sentence = floats(samples(&spoken("turn on the light")));
    let loud = sentence.iter().position(|one| one.abs() > 0.05).expect("it is loud");
    let end = sentence.iter().rposition(|one| one.abs() > 0.05).expect("it is loud");
    let sound = sentence[loud..end].repeat(30);
    let told = course(&model, &sound, "", || 64_000);
    let spans: Vec<(f64, f64)> = told
        .iter()
        .filter_map(|(_, event)| match event {
            LiveEvent::Utterance { from, to, .. } => Some((*from, *to)),
            _ => None,
        })
        .collect();
    assert!(spans.iter().all(|(from, to)| to - from <= 28.1), "{spans:?}");
    assert_eq!(told.last().map(|(_, event)| event), Some(&LiveEvent::Done));
}

fn desk(root: &Path, settings: Settings) -> Arc<Desk> {
    Desk::new(Shelf::at(root.to_owned()), Proofs::new(easy(root), "1", root.join("proven.json")), settings)
}

fn start() -> Start {
    Start { rate: RATE, ..Start::default() }
}

/// All of it at once.
async fn told(desk: &Arc<Desk>, who: &str, pcm: &[u8], piece: usize) -> Vec<LiveEvent> {
    let pieces: Vec<_> =
        pcm.chunks(piece).map(|some| Ok::<_, Infallible>(Bytes::copy_from_slice(some))).collect();
    let sound = futures::stream::iter(pieces);
    let mut session = desk.live(who, start(), sound).await.expect("a seat");
    let mut events = Vec::new();
    while let Some(event) = session.next().await {
        events.push(event.expect("well"));
    }
    events
}

#[tokio::test]
async fn several_are_heard_at_the_same_time_and_silence_and_noise_say_nothing() {
    let (root, _) = shelf();
    let desk = desk(root.path(), Settings { places: 2, ..Settings::default() });
    let speaking = SENTENCES.map(|words| {
        let desk = &desk;
        async move {
            let events = told(desk, words, &pcm(&[words]), 999).await;
            assert_eq!((events.first(), events.last()), (Some(&LiveEvent::Ready), Some(&LiveEvent::Done)));
            assert_eq!(utterances(&events), [words]);
        }
    });
    futures::future::join_all(speaking).await;
    let noise: Vec<u8> = (0..400_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 / 16).collect();
    for (nothing, quiets) in [(vec![0; 400_000], 7), (noise, 1), (vec![], 0), (vec![1], 0)] {
        let events = told(&desk, "ada", &nothing, 3333).await;
        assert_eq!(utterances(&events), [""; 0], "{events:?}");
        let quiet = events.iter().filter(|event| matches!(event, LiveEvent::Quiet { .. })).count();
        assert!(quiet >= quiets, "{events:?}");
    }
}

#[tokio::test]
async fn no_more_sit_than_there_are_seats_and_whoever_leaves_makes_room() {
    let (root, _) = shelf();
    let desk = desk(root.path(), Settings { live: 2, ..Settings::default() });
    let open = || futures::stream::pending::<Result<Bytes, Infallible>>();
    let first = desk.live("ada", start(), open()).await.expect("a seat");
    let _second = desk.live("ben", start(), open()).await.expect("a seat");
    assert!(matches!(desk.live("cleo", start(), open()).await.err(), Some(ListenError::Crowded(2))));
    drop(first);
    desk.live("cleo", start(), open()).await.expect("there is room");
    for (rate, model) in [(0, None), (u32::MAX, None), (RATE, Some("other".to_owned()))] {
        let start = Start { rate, model, ..Start::default() };
        assert!(desk.live("dora", start, open()).await.is_err(), "{rate}");
    }
}

#[tokio::test]
async fn whoever_leaves_in_mid_word_is_forgotten_and_the_next_one_is_heard() {
    let (root, _) = shelf();
    let desk = desk(root.path(), Settings::default());
    let sentence = pcm(&["turn on the light"]);
    let (speaks, sound) = mpsc::unbounded();
    let mut session = desk.live("ada", start(), sound.map(Ok::<_, Infallible>)).await.expect("a seat");
    speaks.unbounded_send(Bytes::copy_from_slice(&sentence[..40_000])).expect("it listens");
    while !matches!(session.next().await, Some(Ok(LiveEvent::Partial { .. }))) {}
    drop((session, speaks));
    assert_eq!(utterances(&told(&desk, "ben", &sentence, 5000).await), ["turn on the light"]);
    // The connection broke: nobody hears what would be told.
    let broken = futures::stream::iter([Ok(Bytes::from(sentence)), Err("reset")]);
    let mut session = desk.live("ada", start(), broken).await.expect("a seat");
    let mut events = Vec::new();
    while let Some(event) = session.next().await {
        events.push(event.expect("well"));
    }
    assert!(!events.contains(&LiveEvent::Done), "{events:?}");
}
