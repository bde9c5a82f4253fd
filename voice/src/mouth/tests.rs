//! The mouth, with a synthesizer that counts, and with eSpeak NG into the ears.

use super::choice::StandIn;
use super::espeak::EspeakNg;
use super::reading::clause::Clause;
use super::speaking::{Mouth, Speech, Wish};
use super::synthesizer::{Manner, Sound, SpeakError, Synthesizer};
use super::wav;
use crate::ears::desk::listen;
use crate::ears::hearing::Wish as Heard;
use crate::ears::model::Model;
use async_trait::async_trait;
use futures::{Stream, StreamExt, stream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voice_client::speech::VoiceView;

const RATE: u32 = 8_000;
/// Of each clause.
const LENGTH: usize = 800;

/// Every clause is a sound of the same length, the first at 100, the next at 200.
#[derive(Default)]
struct Counting {
    said: Mutex<Vec<String>>,
    hangs_at: Option<usize>,
    fails_at: Option<usize>,
    breaks_at: Option<usize>,
}

impl Counting {
    fn said(&self) -> Vec<String> {
        self.said.lock().expect("nobody panics with it").clone()
    }
}

#[async_trait]
impl Synthesizer for Counting {
    async fn voices(&self) -> Result<Vec<VoiceView>, SpeakError> {
        Ok(Vec::new())
    }

    async fn say(&self, clause: &Clause, _manner: &Manner) -> Result<Sound, SpeakError> {
        let count = {
            let mut said = self.said.lock().expect("nobody panics with it");
            said.push(clause.text.clone());
            said.len()
        };
        if self.hangs_at == Some(count) {
            std::future::pending::<()>().await;
        }
        if self.fails_at == Some(count) {
            return Err(SpeakError::Failed("it is hoarse".to_owned()));
        }
        assert_ne!(self.breaks_at, Some(count), "it breaks");
        Ok(Sound { rate: RATE, samples: vec![100 * count as i16; LENGTH] })
    }
}

struct Speaking {
    synthesizer: Arc<Counting>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Speaking {
    fn with(synthesizer: Counting) -> Self {
        Self { synthesizer: Arc::new(synthesizer), tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }

    fn speak(&self, rate: Option<u32>, text: impl Stream<Item = String> + Send + 'static) -> Speech {
        let mouth = Mouth::new(self.synthesizer.clone(), self.tasks.clone());
        let wish = Wish { manner: Manner::of("any"), language: "en".to_owned(), rate, stand_in: None };
        mouth.speak(text, wish, self.stop.clone(), ())
    }

    /// Once everything rests: the clock only goes on then.
    async fn said_at_rest(&self) -> usize {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.synthesizer.said().len()
    }
}

fn whole(text: &str) -> impl Stream<Item = String> + use<> {
    stream::iter([text.to_owned()])
}

const FOUR: &str = "This is the first. This is the second, it has a comma. The third.\n\nThe fourth.";

#[tokio::test(start_paused = true)]
async fn sounds_come_in_order_with_silence_between_and_one_is_made_ahead() {
    let speaking = Speaking::with(Counting::default());
    let mut speech = speaking.speak(None, whole(FOUR));
    assert_eq!(speaking.said_at_rest().await, 1);
    let mut pauses = Vec::new();
    for count in 1..=4 {
        let sound = speech.next().await.expect("there is more").expect("said");
        assert_eq!(sound.rate, RATE);
        let (silence, samples) = sound.samples.split_at(sound.samples.len() - LENGTH);
        assert!(silence.iter().all(|sample| *sample == 0));
        assert!(samples.iter().all(|sample| *sample == 100 * count));
        pauses.push(silence.len() * 1000 / RATE as usize);
        assert_eq!(speaking.said_at_rest().await, usize::min(count as usize + 1, 4));
    }
    assert_eq!(pauses, [0, 350, 350, 700]);
    assert!(speech.next().await.is_none());
    speaking.tasks.close();
    speaking.tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_clause_sounds_while_the_rest_is_still_written() {
    let speaking = Speaking::with(Counting::default());
    let (writer, pieces) = mpsc::unbounded_channel::<String>();
    let pieces = stream::unfold(pieces, async |mut pieces| Some((pieces.recv().await?, pieces)));
    let mut speech = speaking.speak(None, pieces);
    for piece in ["Yes, of", " cour", "se I remember,", " and", " more"] {
        writer.send(piece.to_owned()).expect("somebody reads");
    }
    assert!(speech.next().await.expect("a sound").is_ok());
    assert_eq!(speaking.synthesizer.said(), ["Yes, of course I remember,"]);
    drop(writer);
    assert!(speech.next().await.expect("a sound").is_ok() && speech.next().await.is_none());
    assert_eq!(speaking.synthesizer.said()[1..], ["and more"]);

    let speaking = Speaking::with(Counting::default());
    let mut speech = speaking.speak(None, whole(&"A megabyte of sentences. ".repeat(40_000)));
    assert!(speech.next().await.expect("a sound").is_ok());
    assert_eq!(speaking.said_at_rest().await, 2);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_listens_when_told_to_and_when_it_fails() {
    let speaking = Speaking::with(Counting { hangs_at: Some(2), ..Counting::default() });
    speaking.tasks.close();
    let mut speech = speaking.speak(None, whole(FOUR));
    assert!(speech.next().await.expect("a sound").is_ok());
    assert_eq!(speaking.said_at_rest().await, 2);
    drop(speech);
    speaking.tasks.wait().await;

    let speaking = Speaking::with(Counting { hangs_at: Some(2), ..Counting::default() });
    let mut speech = speaking.speak(None, whole(FOUR));
    assert!(speech.next().await.expect("a sound").is_ok());
    speaking.stop.cancel();
    assert_eq!(speech.next().await, Some(Err(SpeakError::Stopped)));
    assert_eq!(speech.next().await, None);

    let speaking = Speaking::with(Counting { fails_at: Some(3), ..Counting::default() });
    let sounds: Vec<_> = speaking.speak(None, whole(FOUR)).collect().await;
    assert!(sounds[..2].iter().all(Result::is_ok) && sounds.len() == 3);
    assert_eq!(sounds[2], Err(SpeakError::Failed("it is hoarse".to_owned())));
    assert_eq!(speaking.synthesizer.said().len(), 3);

    let speaking = Speaking::with(Counting { breaks_at: Some(2), ..Counting::default() });
    let sounds: Vec<_> = speaking.speak(None, whole(FOUR)).collect().await;
    assert!(matches!(&sounds[..], [Ok(_), Err(SpeakError::Failed(_))]), "{sounds:?}");

    // Whoever lets a sound lie there keeps no place from others, and does not take it for all of it.
    let speaking = Speaking::with(Counting::default());
    speaking.tasks.close();
    let speech = speaking.speak(None, whole(FOUR));
    speaking.tasks.wait().await;
    let sounds: Vec<_> = speech.collect().await;
    assert!(matches!(&sounds[..], [Ok(_), Err(SpeakError::Stopped)]), "{sounds:?}");
}

#[tokio::test]
async fn another_rate_is_as_long_and_one_that_cannot_be_is_refused() {
    let speaking = Speaking::with(Counting::default());
    let sounds: Vec<_> = speaking.speak(Some(24_000), whole("The only one.")).collect().await;
    let [Ok(sound)] = &sounds[..] else { panic!("{sounds:?}") };
    assert_eq!((sound.rate, sound.samples.len()), (24_000, 3 * LENGTH));
    assert!(sound.samples[300..2000].iter().all(|sample| sample.abs_diff(100) <= 1));
    for rate in [0, 7_999, 48_001] {
        let sounds: Vec<_> = speaking.speak(Some(rate), whole("The only one.")).collect().await;
        assert!(matches!(&sounds[..], [Err(SpeakError::Failed(_))]), "{rate}");
    }
    assert!(speaking.speak(None, whole(" \n 😀 \n")).collect::<Vec<_>>().await.is_empty());
}

#[tokio::test]
async fn what_espeak_says_is_heard_again_with_its_marks_taken_away() {
    const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/stt/stt-test-q8.bin.gz");
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("words.bin");
    let file = std::fs::File::create(&path).expect("made");
    let status = std::process::Command::new("gzip").args(["-dc", FIXTURE]).stdout(file).status();
    assert!(status.expect("gzip runs").success());
    let model = Model::load(&path).expect("the fixture");

    let mouth = Mouth::new(Arc::new(EspeakNg::new(None)), TaskTracker::new());
    let wish = Wish {
        manner: Manner::of("en-us"),
        language: "en-us".to_owned(),
        rate: Some(16_000),
        stand_in: None,
    };
    let text = "# Turn on the **light** 😀\n\n\n```\nnot this\n```\n\n[What](https://x.org/a) is *my* name?";
    let pieces: Vec<String> = text.chars().map(String::from).collect();
    let mut speech = mouth.speak(stream::iter(pieces), wish, CancellationToken::new(), ());
    let mut sounds = Vec::new();
    while let Some(sound) = speech.next().await {
        sounds.push(sound.expect("said"));
    }
    assert_eq!(sounds.len(), 3);
    assert!(sounds.iter().all(|sound| sound.rate == 16_000));
    let hear = |sounds: &[Sound]| {
        let samples = sounds.iter().flat_map(|sound| sound.samples.clone()).collect();
        let file = wav::whole(&Sound { rate: 16_000, samples });
        let stop = CancellationToken::new();
        let heard = listen(&model, file.into(), &Heard::default(), 1, Duration::from_mins(1), &stop, |_| {});
        heard.expect("heard").text
    };
    assert_eq!(hear(&sounds[..1]), "turn on the light");
    assert_eq!(hear(&sounds[2..]), "what is my name");
}

/// Its net says so many clauses, and nothing after them; the plain one says all.
struct Failing(usize, Mutex<Vec<String>>);

#[async_trait]
impl Synthesizer for Failing {
    async fn voices(&self) -> Result<Vec<VoiceView>, SpeakError> {
        Ok(Vec::new())
    }

    async fn say(&self, _clause: &Clause, manner: &Manner) -> Result<Sound, SpeakError> {
        let mut said = self.1.lock().expect("nobody panics with it");
        said.push(manner.voice.clone());
        match manner.voice.as_str() {
            "net" if said.len() > self.0 => Err(SpeakError::Unfit("it is torn".to_owned())),
            "net" => Ok(Sound { rate: RATE, samples: vec![1000; LENGTH] }),
            "plain" => Ok(Sound { rate: RATE * 2, samples: vec![500; LENGTH * 2] }),
            other => Err(SpeakError::UnknownVoice(other.to_owned())),
        }
    }
}

#[tokio::test]
async fn another_voice_says_the_rest_for_one_that_fails_and_whoever_named_it_is_told_before() {
    let torn = Err(SpeakError::Unfit("it is torn".to_owned()));
    for (fails_after, stand_in, only_goes_on, who, is_whole) in [
        (0, "plain", false, "net plain plain plain plain", true),
        (2, "plain", false, "net net net plain plain", true),
        (2, "plain", true, "net net net plain plain", true),
        (0, "plain", true, "net", false),
        (2, "nobody", true, "net net net nobody", false),
    ] {
        let synthesizer = Arc::new(Failing(fails_after, Mutex::default()));
        let mouth = Mouth::new(synthesizer.clone(), TaskTracker::new());
        let stand_in = Some(StandIn { voice: stand_in.to_owned(), only_goes_on });
        let wish = Wish { manner: Manner::of("net"), language: "en".to_owned(), rate: None, stand_in };
        let sounds: Vec<_> = mouth.speak(whole(FOUR), wish, CancellationToken::new(), ()).collect().await;
        assert_eq!(synthesizer.1.lock().expect("nobody panics with it").join(" "), who);
        assert_eq!(sounds.iter().all(Result::is_ok), is_whole, "{who}");
        if !is_whole {
            assert_eq!(sounds.last(), Some(&torn), "{who}");
        }
        let rates: Vec<_> = sounds.iter().flatten().map(|sound| sound.rate).collect();
        assert!(rates.windows(2).all(|pair| pair[0] == pair[1]), "{rates:?}");
    }
}
