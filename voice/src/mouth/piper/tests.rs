//! Piper's voices, with one of tones and with one of Piper's own make whose weights are random.

use super::description::Description;
use super::ids::{LONGEST, pieces};
use super::net::Net;
use super::trial;
use super::voices::{Piper, Settings, Source};
use crate::ears::tests::easy;
use crate::mouth::espeak::EspeakNg;
use crate::mouth::reading::clause::{Clause, Pause};
use crate::mouth::synthesizer::{Manner, Sound, SpeakError, Synthesizer};
use crate::shelf::models::{Kind, Shelf, description};
use crate::shelf::proof::Proofs;
use futures::FutureExt;
use rten::ThreadPool;
use rten_tensor::Tensor;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/piper");
/// Of each phoneme of the voice of tones.
const TONE: usize = 1323;
const IDLE: Duration = Duration::from_mins(10);

fn fixture(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(name)
}

fn unpacked(name: &str) -> Vec<u8> {
    let done = Command::new("gzip").args(["-dc"]).arg(fixture(name)).output().expect("gzip runs");
    assert!(done.status.success());
    done.stdout
}

/// A folder of models with a voice in it that one and one that two speak with.
fn shelf() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(root.path().join("voices")).expect("made");
    for name in ["tones.onnx", "tones.onnx.json", "duo.onnx", "duo.onnx.json"] {
        std::fs::copy(fixture(name), root.path().join("voices").join(name)).expect("copied");
    }
    root
}

fn piper(root: &Path) -> Arc<Piper> {
    let proofs = Proofs::new(easy(root), "1", root.join("proven.json"));
    let settings = Settings { places: 1, threads: 1, idle: IDLE };
    Piper::new(Source::Shelf(Shelf::at(root.to_owned())), proofs, Arc::new(EspeakNg::new(None)), &settings)
}

fn clause(text: &str) -> Clause {
    Clause { text: text.to_owned(), after: Pause::None }
}

async fn say(piper: &Piper, text: &str, voice: &str) -> Sound {
    piper.say(&clause(text), &Manner::of(voice)).await.expect("said")
}

/// Of the phoneme that is said as the so-manyth, by how often it rises.
fn height(sound: &Sound, at: usize, length: usize) -> f64 {
    // What comes first, and what is between them, is silent.
    let begins = (2 * at + 2) * length;
    let tone = &sound.samples[begins + length / 8..begins + length * 7 / 8];
    let rises = tone.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    rises as f64 / (tone.len() as f64 / f64::from(sound.rate))
}

/// Lists of numbers, each with its length before it.
fn lists(bytes: &[u8]) -> Vec<Vec<f32>> {
    let numbers: Vec<[u8; 4]> =
        bytes.chunks_exact(4).map(|four| four.try_into().expect("four of them")).collect();
    let (mut lists, mut rest) = (Vec::new(), &numbers[..]);
    while let Some((length, later)) = rest.split_first() {
        let (list, later) = later.split_at(u32::from_le_bytes(*length) as usize);
        lists.push(list.iter().map(|four| f32::from_le_bytes(*four)).collect());
        rest = later;
    }
    lists
}

#[test]
fn a_voice_of_pipers_make_sounds_as_onnx_runtime_makes_it_of_the_same_noise() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("tiny.onnx");
    std::fs::write(&path, unpacked("vits-tiny.onnx.gz")).expect("written");
    let net = Net::load(&path).expect("every operator is known");
    let [ids, lengths, noise, wanted] = &lists(&unpacked("vits-tiny.expected.gz"))[..] else {
        panic!("four lists")
    };
    let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
    let width = 16;
    let drawn = vec![
        (
            net.node("/dp/RandomNormalLike_output_0"),
            Tensor::from_data(&[1, 2, ids.len()], lengths.clone()).into(),
        ),
        (
            net.node("/RandomNormalLike_output_0"),
            Tensor::from_data(&[1, width, noise.len() / width], noise.clone()).into(),
        ),
    ];
    let threads = Arc::new(ThreadPool::with_num_threads(1));
    let scales = [0.667, 1.0, 0.8];
    let made = net.run(&ids, scales, None, &threads, drawn).expect("it runs");
    assert_eq!(made.len(), wanted.len());
    let square =
        |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|one| f64::from(one).powi(2)).sum::<f64>();
    let difference = square(&mut made.iter().zip(wanted).map(|(a, b)| a - b));
    let relative = (difference / square(&mut wanted.iter().copied())).sqrt();
    assert!(relative < 1e-5, "{relative}");
    let loudest = wanted.iter().fold(0.0_f32, |loudest, one| loudest.max(one.abs()));
    assert!(loudest > 0.1, "there is something to compare: {loudest}");
    // With noise of its own it is as long as that has it, and another sound.
    let other = net.samples(&ids, scales, None, &threads).expect("it runs");
    assert!(!other.is_empty() && other != made);
}

#[tokio::test]
async fn what_is_written_is_said_phoneme_by_phoneme() {
    let root = shelf();
    let piper = piper(root.path());
    // A tone for each: ^ _ h _ ə _ l _ ˈ _ o _ ʊ _ . _ $.
    let phonemes = "həlˈoʊ.";
    let said = say(&piper, "Hello.", "tones").await;
    let wanted = (2 * phonemes.chars().count() + 3) * TONE;
    assert_eq!(said.rate, 22_050);
    assert!(said.samples.len().abs_diff(wanted) < 100, "{} for {wanted}", said.samples.len());
    assert!(said.samples.iter().any(|sample| sample.unsigned_abs() > 32_000));
    let text = std::fs::read(fixture("tones.onnx.json")).expect("read");
    let written: Value = serde_json::from_slice(&text).expect("JSON");
    for (at, phoneme) in phonemes.chars().enumerate() {
        let id = written["phoneme_id_map"][phoneme.to_string()][0].as_f64().expect("it has a number");
        let (heard, wanted) = (height(&said, at, TONE), 200.0 + 20.0 * id);
        assert!((heard - wanted).abs() < 25.0, "{phoneme}: {heard} for {wanted}");
    }
    let manner = || Manner::of("tones");
    let fast = piper.say(&clause("Hello."), &manner().at_speed(2.0).expect("a speed")).await.expect("said");
    assert!(fast.samples.len().abs_diff(wanted / 2) < 100, "{}", fast.samples.len());
    let heard = height(&fast, 0, TONE / 2);
    assert!((heard - height(&said, 0, TONE)).abs() < 50.0, "as high: {heard}");
    let quiet =
        piper.say(&clause("Hello."), &manner().at_volume(0.5).expect("a volume")).await.expect("said");
    assert!((16_000..16_500).contains(&quiet.samples.iter().copied().max().expect("some")));
    assert!(say(&piper, "…", "TONES").await.samples.is_empty());
    // Longer than is said in one go.
    let long = "one two three four five six seven eight nine ten, ".repeat(8);
    let longer = say(&piper, &long, "tones").await;
    assert!(longer.samples.len() > 30 * 22_050, "{}", longer.samples.len());
    assert_eq!(piper.loaded().await, 1);
}

#[tokio::test]
async fn one_of_several_speaks_and_all_are_listed() {
    let root = shelf();
    let piper = piper(root.path());
    let listed = piper.voices().await.expect("listed");
    let listed: Vec<_> = listed.iter().map(|one| (one.id.as_str(), one.language.as_str())).collect();
    assert_eq!(listed, [("duo", "en-us"), ("tones", "en-us")]);
    assert_eq!(piper.voices().await.expect("listed")[0].speakers, ["low", "high"]);
    let low = say(&piper, "Hello.", "duo").await;
    for (voice, ratio) in [("duo#low", 1.0), ("duo#high", 1.25), ("Duo#1", 1.25)] {
        let heard = height(&say(&piper, "Hello.", voice).await, 0, TONE) / height(&low, 0, TONE);
        assert!((heard - ratio).abs() < 0.08, "{voice}: {heard}");
    }
    for voice in ["", "nobody", "duo#nobody", "duo#2", "tones#0", "../voices/tones"] {
        let answer = piper.say(&clause("Hello."), &Manner::of(voice)).await;
        assert_eq!(answer, Err(SpeakError::UnknownVoice(voice.to_owned())));
    }
    // One that nobody has spoken with for a while is let go.
    assert_eq!(piper.loaded().await, 2);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    tokio::time::pause();
    tasks.spawn(Arc::clone(&piper).rest(stop.clone()));
    tokio::time::sleep(IDLE * 2).await;
    assert_eq!(piper.loaded().await, 0);
    tokio::time::resume();
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    // Each was tried once, and again where what describes it is another.
    let asked = || std::fs::read_to_string(root.path().join("asked")).expect("read").lines().count();
    assert_eq!(asked(), 2);
    let beside = description(&root.path().join("voices/tones.onnx"));
    let text = std::fs::read_to_string(&beside).expect("read").replace("22050", "16000");
    std::fs::write(&beside, text).expect("written");
    assert_eq!(say(&piper, "Hello.", "tones").await.rate, 16_000);
    assert_eq!(asked(), 3);
}

#[tokio::test]
async fn whoever_leaves_keeps_nobody_from_speaking() {
    let root = shelf();
    let piper = piper(root.path());
    let (long, tones) = (clause(&"one two three ".repeat(40)), Manner::of("tones"));
    for _ in 0..3 {
        assert!(piper.say(&long, &tones).now_or_never().is_none());
    }
    assert!(!say(&piper, "Hello.", "tones").await.samples.is_empty());
}

/// Why a voice is refused whose file or description is another.
fn refused(change: impl FnOnce(&mut Vec<u8>, &mut Value)) -> String {
    let root = shelf();
    let path = root.path().join("voices/tones.onnx");
    let mut file = std::fs::read(&path).expect("read");
    let mut beside = serde_json::from_slice(&std::fs::read(description(&path)).expect("read")).expect("JSON");
    change(&mut file, &mut beside);
    std::fs::write(&path, file).expect("written");
    std::fs::write(description(&path), beside.to_string()).expect("written");
    crate::shelf::proof::works(Kind::Voices, &path).expect_err("it is refused")
}

#[test]
fn what_cannot_speak_or_lies_is_refused_with_its_reason() {
    for voice in ["tones.onnx", "duo.onnx"] {
        assert_eq!(trial::speaks(&fixture(voice)), Ok(()));
    }
    assert!(trial::speaks(Path::new("/nowhere/x.onnx")).expect_err("nothing").contains("x.onnx.json"));
    let unknown = refused(|file, _| {
        let at = file.windows(16).position(|name| name == b"RandomNormalLike").expect("it is there");
        file[at..at + 16].copy_from_slice(b"FrobnicateNormal");
    });
    assert!(unknown.contains("FrobnicateNormal"), "{unknown}");
    for (why, keep) in [("half", 600), ("nearly all", 1170), ("nothing", 0)] {
        let half = refused(|file, _| file.truncate(keep));
        assert!(half.contains("voice"), "{why}: {half}");
    }
    let (root, sparse) = (shelf(), "voices/tones.onnx");
    let file = std::fs::OpenOptions::new().write(true).open(root.path().join(sparse)).expect("opened");
    file.set_len((1 << 30) + 1).expect("it takes no room");
    assert_eq!(trial::speaks(&root.path().join(sparse)), Err("it is larger than any voice".to_owned()));
    let other = refused(|file, _| *file = std::fs::read(fixture("duo.onnx")).expect("read"));
    assert!(other.contains("wants to be told who speaks"), "{other}");
    for (lie, wanted) in [
        (json!({ "audio": { "sample_rate": 4_000_000 } }), "nobody listens to 4000000"),
        (json!({ "audio": { "sample_rate": -1 } }), "invalid value"),
        (json!({ "num_speakers": 3 }), "it is said that others can"),
        (json!({ "num_speakers": 1_000_000 }), "1000000 people"),
        (json!({ "num_speakers": 2, "speaker_id_map": { "a": 7 } }), "no speaker a"),
        (json!({ "num_speakers": 2, "speaker_id_map": { "a\nb": 1 } }), "no speaker a\\nb"),
        (json!({ "phoneme_id_map": { "_": [0], "^": [1], "$": [2], "a": [9999] } }), "9999"),
        (json!({ "phoneme_id_map": { "_": [0], "^": [1], "$": [2], "a": [-1] } }), "no number that can be"),
        (json!({ "phoneme_id_map": { "_": [0], "^": [1], "$": [2], "ab": [3] } }), "no single sign"),
        (json!({ "phoneme_id_map": { "_": [0], "^": [1], "a": [3] } }), "no number for $"),
        (json!({ "phoneme_id_map": {} }), "no number for _"),
        (json!({ "espeak": { "voice": "-x /etc/passwd" } }), "whose pronunciation"),
        (json!({ "phoneme_type": "pinyin" }), "not known here"),
        (json!({ "inference": { "length_scale": 1e9 } }), "nobody speaks with"),
        (json!({ "audio": null }), "invalid type"),
    ] {
        let why = refused(|_, beside| {
            for (key, value) in lie.as_object().expect("an object") {
                beside[key] = value.clone();
            }
        });
        assert!(why.contains(wanted), "{lie}: {why}");
    }
}

#[test]
fn a_description_may_be_anything_and_is_read_or_refused() {
    let text = std::fs::read(fixture("duo.onnx.json")).expect("read").trim_ascii().to_vec();
    let mut drawn = 7_u32;
    for at in 0..text.len() {
        drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut other = text.clone();
        other[at] = (drawn >> 24) as u8;
        if let Ok(read) = Description::read(&other) {
            assert!((8_000..=48_000).contains(&read.rate) && read.speakers.len() <= 10_000);
        }
        assert!(Description::read(&text[..at]).is_err(), "{at}");
    }
}

#[test]
fn a_long_clause_is_cut_after_a_mark_or_between_words_or_anywhere() {
    let cut = |text: &str| {
        let pieces = pieces(text, LONGEST);
        assert!(pieces.iter().all(|piece| piece.chars().count() <= LONGEST && !piece.is_empty()));
        pieces.iter().map(|piece| piece.chars().count()).collect::<Vec<_>>()
    };
    assert_eq!(cut("wʌn"), [3]);
    assert_eq!(cut(&format!("{}, {} {}", "a".repeat(60), "b".repeat(30), "c".repeat(30))), [61, 61]);
    assert_eq!(cut(&format!("{} {}", "a".repeat(80), "b".repeat(30))), [80, 30]);
    assert_eq!(cut(&"a".repeat(250)), [100, 100, 50]);
    assert_eq!(cut("  "), [0_usize; 0]);
}
