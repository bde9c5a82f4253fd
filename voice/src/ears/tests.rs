//! The ears, with a real recogniser that knows 72 words, and speech that eSpeak NG makes.

use super::desk::{Asked, Desk, ListenError, Settings, listen};
use super::hearing::Wish;
use super::model::Model;
use crate::shelf::models::{Kind, Shelf};
use crate::shelf::proof::{Child, Proofs};
use crate::sound::error::SoundError;
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voice_client::wire::Transcript;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/stt/stt-test-q8.bin.gz");
const LONGEST: Duration = Duration::from_mins(10);

/// A folder of models with the fixture in it as `words`.
pub fn shelf() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(root.path().join("ears")).expect("made");
    let path = root.path().join("ears/words.bin");
    let file = std::fs::File::create(&path).expect("made");
    let status = Command::new("gzip").args(["-dc", FIXTURE]).stdout(file).status().expect("gzip runs");
    assert!(status.success());
    (root, path)
}

/// As a wav file.
pub fn spoken(words: &str) -> Bytes {
    let made =
        Command::new("espeak-ng").args(["-v", "en-us", "--stdout", words]).stderr(Stdio::null()).output();
    let made = made.expect("eSpeak NG is installed");
    assert!(made.status.success() && made.stdout.len() > 1000);
    made.stdout.into()
}

/// The samples of one that eSpeak NG made, which has a plain header.
pub fn samples(wav: &[u8]) -> &[u8] {
    let at = wav.windows(4).position(|four| four == b"data").expect("it has samples");
    &wav[at + 8..]
}

/// Of samples as eSpeak NG makes them.
fn wav(samples: &[u8]) -> Bytes {
    let (length, rate) = (samples.len() as u32, 22_050_u32);
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1, 0, 1, 0]);
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file.into()
}

fn hear(model: &Model, sound: Bytes, wish: &Wish) -> Result<Transcript, ListenError> {
    listen(model, sound.into(), wish, 1, LONGEST, &CancellationToken::new(), |_| {})
}

#[test]
fn what_was_said_is_heard_and_silence_and_noise_say_nothing() {
    let (_root, path) = shelf();
    let model = Model::load(&path).expect("the fixture");
    for words in ["turn on the light", "what is my name", "remember the number four two"] {
        let heard = hear(&model, spoken(words), &Wish::default()).expect("heard");
        assert_eq!((heard.text.as_str(), heard.language.as_str()), (words, "en"));
        assert!(heard.duration > 0.5 && heard.segments.iter().all(|one| one.end <= heard.duration + 0.01));
    }
    let noise: Vec<u8> = (0..88_200_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 / 16).collect();
    for nothing in [wav(&vec![0; 88_200]), wav(&noise)] {
        let heard = hear(&model, nothing, &Wish::default()).expect("heard");
        assert_eq!((heard.text.as_str(), heard.segments.len()), ("", 0));
        assert!((heard.duration - 2.0).abs() < 0.01, "{}", heard.duration);
    }
}

#[test]
fn what_is_said_one_after_another_is_heard_each_at_its_time_with_its_words() {
    let (_root, path) = shelf();
    let model = Model::load(&path).expect("the fixture");
    let (first, second) = (spoken("turn on the light"), spoken("what is my name"));
    let pause = vec![0; 3 * 44_100];
    let together = wav(&[samples(&first), &pause, samples(&second)].concat());
    let wish = Wish { with_words: true, ..Wish::default() };
    let heard = hear(&model, together, &wish).expect("heard");
    assert_eq!(heard.text, "turn on the light what is my name");
    let later = samples(&first).len() as f64 / 44_100.0 + 3.0;
    let [one, other] = &heard.segments[..] else { panic!("{:?}", heard.segments) };
    assert!(one.start < 0.6 && one.end < later && other.start > later - 0.5, "{:?}", heard.segments);
    let words: Vec<_> = heard.segments.iter().flat_map(|one| &one.words).collect();
    let texts: Vec<_> = words.iter().map(|word| word.word.as_str()).collect();
    assert_eq!(texts, ["turn", "on", "the", "light", "what", "is", "my", "name"]);
    assert!(words.is_sorted_by(|a, b| a.start <= b.start) && words.iter().all(|word| word.start <= word.end));
}

#[test]
fn a_file_that_is_no_sound_says_so_and_one_that_was_cut_off_is_heard_as_far_as_it_goes() {
    let (_root, path) = shelf();
    let model = Model::load(&path).expect("the fixture");
    let whole = spoken("turn on the light");
    let said = |sound: Bytes| match hear(&model, sound, &Wish::default()) {
        Err(ListenError::Sound(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(said(Bytes::new()), SoundError::UnknownFormat);
    assert_eq!(said(Bytes::from_static(b"<html>hello</html>")), SoundError::UnknownFormat);
    assert_eq!(said(whole.slice(..44)), SoundError::Empty);
    let mut lying = whole.to_vec();
    lying[24..28].copy_from_slice(&4_000_000_000_u32.to_le_bytes());
    assert!(matches!(said(lying.into()), SoundError::Damaged(_)));
    let half = hear(&model, whole.slice(..whole.len() * 2 / 3), &Wish::default()).expect("heard");
    assert!(half.text.starts_with("turn on"), "{}", half.text);
    let long = wav(&vec![0; 44_100 * 700]);
    assert_eq!(said(long), SoundError::TooLong(LONGEST));
}

fn desk(root: &Path, child: Child, settings: Settings) -> Arc<Desk> {
    let proofs = Proofs::new(child, "1", root.join("proven.json"));
    Desk::new(Shelf::at(root.to_owned()), proofs, settings)
}

/// A child that finds everything fit, and writes down that it was asked.
pub fn easy(root: &Path) -> Child {
    let script = format!("echo asked >> {}; exit 0", root.join("asked").display());
    Child { program: "/bin/sh".into(), arguments: vec!["-c".to_owned(), script] }
}

fn asked(sound: Bytes) -> Asked {
    Asked { who: "ada".to_owned(), model: None, sound: sound.into(), language: None, wish: Wish::default() }
}

#[tokio::test]
async fn a_model_is_proven_once_shared_and_let_go_when_nobody_listens() {
    let (root, path) = shelf();
    let idle = Duration::from_millis(300);
    let settings = Settings { places: 2, idle, ..Settings::default() };
    let desk = desk(root.path(), easy(root.path()), settings);
    let stop = CancellationToken::new();
    let resting = TaskTracker::new().spawn(Arc::clone(&desk).rest(stop.clone()));
    assert!(!desk.is_loaded().await);
    let told = Arc::new(Mutex::new(Vec::new()));
    let both = ["turn on the light", "what is my name"].map(|words| {
        let (desk, told) = (Arc::clone(&desk), Arc::clone(&told));
        async move {
            let each =
                move |one: &voice_client::wire::Segment| told.lock().expect("whole").push(one.text.clone());
            (words, desk.listen(asked(spoken(words)), each).await.expect("heard").text)
        }
    });
    for (said, heard) in futures::future::join_all(both).await {
        assert_eq!(said, heard);
    }
    told.lock().expect("whole").sort();
    assert_eq!(*told.lock().expect("whole"), ["turn on the light", "what is my name"]);
    assert!(desk.is_loaded().await);
    let gone = async {
        while desk.is_loaded().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("it is let go");
    assert_eq!(
        desk.listen(asked(spoken("what is my name")), |_| {}).await.expect("heard").text,
        "what is my name"
    );
    let trials = || std::fs::read_to_string(root.path().join("asked")).expect("it was asked").lines().count();
    assert_eq!(trials(), 1);
    // Another file under the same name is proven anew, and is what is listened with.
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|file| file.set_len(9_000_000))
        .expect("longer");
    drop(desk.listen(asked(spoken("what is my name")), |_| {}).await);
    assert_eq!(trials(), 2);
    stop.cancel();
    resting.await.expect("it ends");
}

#[tokio::test]
async fn what_cannot_be_heard_says_why() {
    let (root, _) = shelf();
    let desk = desk(root.path(), easy(root.path()), Settings::default());
    let said = async |asked: Asked| {
        desk.listen(asked, |_| {}).await.map(|heard| heard.text).expect_err("no").to_string()
    };
    let sound = spoken("what is my name");
    let named = Asked { model: Some("other".to_owned()), ..asked(sound.clone()) };
    assert_eq!(said(named).await, "there is no model other to listen with");
    let german = Asked { language: Some("de".to_owned()), ..asked(sound.clone()) };
    assert_eq!(said(german).await, "the model words hears English and nothing else");
    let elvish = Asked { language: Some("elvish".to_owned()), ..asked(sound.clone()) };
    assert_eq!(said(elvish).await, "elvish is no language that is known here");
    let empty = tempfile::tempdir().expect("a directory");
    let none = self::desk(empty.path(), easy(empty.path()), Settings::default());
    let error = none.listen(asked(sound), |_| {}).await.expect_err("no model");
    assert!(error.to_string().contains("whisperengine model add"), "{error}");
}

#[tokio::test]
async fn a_model_that_ends_its_trial_is_not_loaded_and_says_so_each_time() {
    let (root, path) = shelf();
    let script = "echo 'GGML_ASSERT failed' >&2; kill -ABRT $$";
    let child = Child { program: "/bin/sh".into(), arguments: vec!["-c".to_owned(), script.to_owned()] };
    let desk = desk(root.path(), child, Settings::default());
    for _ in 0..2 {
        let error = desk.listen(asked(spoken("what is my name")), |_| {}).await.expect_err("it is unfit");
        let error = error.to_string();
        assert!(error.contains("signal 6") && error.contains("GGML_ASSERT failed"), "{error}");
    }
    assert!(!desk.is_loaded().await);
    // Whoever ends the child says nothing about the model.
    std::fs::remove_file(root.path().join("proven.json")).expect("there was a verdict");
    let kill =
        Child { program: "/bin/sh".into(), arguments: vec!["-c".to_owned(), "kill -TERM $$".to_owned()] };
    let stopped = self::desk(root.path(), kill, Settings::default());
    let error = stopped.listen(asked(spoken("what is my name")), |_| {}).await.expect_err("it was not tried");
    assert!(matches!(&error, ListenError::Failed(why) if why.contains("could not be tried out")), "{error}");
    let again = self::desk(root.path(), easy(root.path()), Settings::default());
    let heard = again.listen(asked(spoken("what is my name")), |_| {}).await.expect("heard");
    assert_eq!(heard.text, "what is my name");
    // A word that is as long as can be sent takes no time.
    let long = Wish { before: "a".repeat(16_000), ..Wish::default() };
    let words = Asked { wish: long, ..asked(spoken("what is my name")) };
    let heard = again.listen(words, |_| {}).await.expect("heard");
    assert!(heard.text.starts_with("what is my name"), "{}", heard.text);
    // One that is damaged otherwise is found out by the trial itself.
    std::fs::write(&path, b"no model").expect("written");
    assert_eq!(
        crate::shelf::proof::works(Kind::Ears, &path),
        Err("it is no model of whisper.cpp's, or damaged: invalid model data (bad magic)".to_owned())
    );
}

#[tokio::test]
async fn whoever_leaves_stops_it_and_the_next_one_is_heard() {
    let (root, _) = shelf();
    let desk = desk(root.path(), easy(root.path()), Settings::default());
    let sentence = spoken("turn on the light");
    let again = [samples(&sentence), &vec![0; 44_100 * 2]].concat().repeat(200);
    let long = wav(&again);
    let (first, begun) = (Arc::new(tokio::sync::Notify::new()), Arc::clone(&desk));
    let notice = Arc::clone(&first);
    let listening = TaskTracker::new()
        .spawn(async move { begun.listen(asked(long), move |_| notice.notify_one()).await });
    first.notified().await;
    listening.abort();
    let next = desk.listen(asked(spoken("what is my name")), |_| {});
    let heard = tokio::time::timeout(Duration::from_secs(20), next).await.expect("in time").expect("heard");
    assert_eq!(heard.text, "what is my name");
}
