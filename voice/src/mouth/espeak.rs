//! eSpeak NG, which needs no download. It is under the GPL, so it is never linked: each clause is said by a process of its
//! own, which takes some 15 ms.
//!
//! Text goes to its standard input and never to its arguments, markup stays off, and its environment is empty but for where
//! libraries lie. What it may be asked is checked against its own lists first.

use super::reading::clause::Clause;
use super::synthesizer::{Manner, Sound, SpeakError, Synthesizer};
use super::voices::{Known, listed};
use super::wav;
use async_trait::async_trait;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::OnceCell;
use voice_client::speech::VoiceView;

/// As it calls itself, and as requests name it.
pub const ENGINE: &str = "espeak-ng";
const TOO_MUCH: &str = "eSpeak NG made more of it than there can be";
const MISSING: &str = "eSpeak NG is not installed: `sudo apt install espeak-ng`, or your system's package of that \
                       name, brings it";
const LIBRARIES: &str = "LD_LIBRARY_PATH";
/// Words a minute when it speaks as usual, and what it can do.
const USUAL: f32 = 175.0;
const SLOWEST: f32 = 80.0;
const FASTEST: f32 = 700.0;
/// Of its own volume, which distorts above this.
const LOUDEST: f32 = 100.0;
/// Samples a second of all its voices.
const RATE: u32 = 22_050;
/// Even on a machine that is busy, and more for each character.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_EACH: Duration = Duration::from_millis(20);
/// Seconds of sound. One character may be a number with many words.
const LONGEST: usize = 300;
const LONGEST_EACH: usize = 5;
/// Bytes that a byte may be pronounced with: a digit is a word.
const PHONEMES_EACH: usize = 200;
const LONGEST_REASON: u64 = 300;
/// Bytes of its lists.
const LONGEST_LIST: u64 = 1 << 20;
/// What is quieter than this at either end is no speech.
const SILENT: u16 = 16;

pub struct EspeakNg {
    program: Option<PathBuf>,
    known: OnceCell<Known>,
}

impl EspeakNg {
    /// Without a program it is looked for where the shell would look.
    pub fn new(program: Option<PathBuf>) -> Self {
        Self { program, known: OnceCell::new() }
    }

    /// How it would say a text, in the signs of the IPA: a line for each part of it.
    pub async fn phonemes(&self, text: &str, voice: &str) -> Result<String, SpeakError> {
        let unknown = || SpeakError::Failed(format!("eSpeak NG has no voice {voice}"));
        let voice = self.known().await?.find(voice).ok_or_else(unknown)?;
        let text = harmless(text);
        let length = text.chars().count();
        let most = text.len().saturating_mul(PHONEMES_EACH).saturating_add(PHONEMES_EACH) as u64;
        let patience = PATIENCE + PATIENCE_EACH * u32::try_from(length).unwrap_or(u32::MAX);
        let arguments = ["-v", &voice, "-b", "1", "-q", "--ipa", "--stdin"];
        let made = self.run(&arguments, &text, most, patience).await?;
        String::from_utf8(made).map_err(|_| SpeakError::Failed("eSpeak NG wrote no text".to_owned()))
    }

    /// Read once; asked again where it could not be read.
    async fn known(&self) -> Result<&Known, SpeakError> {
        let read = async || {
            let voices = self.run(&["--voices"], "", LONGEST_LIST, PATIENCE).await?;
            let variants = self.run(&["--voices=variant"], "", LONGEST_LIST, PATIENCE).await?;
            let known = Known::of(listed(&voices), &listed(&variants));
            if known.voices.is_empty() {
                return Err(SpeakError::Failed("eSpeak NG knows no voice".to_owned()));
            }
            Ok(known)
        };
        self.known.get_or_try_init(read).await
    }

    async fn run(
        &self,
        arguments: &[&str],
        text: &str,
        most: u64,
        patience: Duration,
    ) -> Result<Vec<u8>, SpeakError> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => found(std::env::var_os("PATH")).ok_or_else(missing)?,
        };
        let working = speak(&program, arguments, text, most);
        match tokio::time::timeout(patience, working).await {
            Ok(done) => done,
            Err(_) => Err(SpeakError::Failed(format!(
                "eSpeak NG said nothing within {} seconds",
                patience.as_secs()
            ))),
        }
    }
}

#[async_trait]
impl Synthesizer for EspeakNg {
    async fn voices(&self) -> Result<Vec<VoiceView>, SpeakError> {
        let mut voices = self.known().await?.views(ENGINE);
        voices.sort_by(|a, b| (&a.language, &a.name).cmp(&(&b.language, &b.name)));
        Ok(voices)
    }

    async fn say(&self, clause: &Clause, manner: &Manner) -> Result<Sound, SpeakError> {
        let unknown = || SpeakError::UnknownVoice(manner.voice.clone());
        let voice = self.known().await?.find(&manner.voice).ok_or_else(unknown)?;
        let text = harmless(&clause.text);
        let length = text.chars().count();
        let speed = (USUAL * manner.speed()).clamp(SLOWEST, FASTEST).round().to_string();
        let volume = (LOUDEST * manner.volume()).round().to_string();
        let arguments = ["-v", &voice, "-s", &speed, "-a", &volume, "-b", "1", "-z", "--stdin", "--stdout"];
        let seconds = length.saturating_mul(LONGEST_EACH).saturating_add(LONGEST_EACH).min(LONGEST);
        let most = (wav::HEADER + seconds * RATE as usize * 2) as u64;
        let patience = PATIENCE + PATIENCE_EACH * u32::try_from(length).unwrap_or(u32::MAX);
        let made = self.run(&arguments, &text, most, patience).await?;
        // Where there is nothing to say it writes nothing at all.
        if made.is_empty() {
            return Ok(Sound { rate: RATE, samples: Vec::new() });
        }
        let sound = wav::read(&made).map_err(|why| SpeakError::Failed(format!("eSpeak NG: {why}")))?;
        Ok(spoken(sound))
    }
}

/// Ends with its caller.
async fn speak(program: &Path, arguments: &[&str], text: &str, most: u64) -> Result<Vec<u8>, SpeakError> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().kill_on_drop(true);
    // In an image of the box's own, libraries lie where this says.
    command.envs(std::env::var_os(LIBRARIES).map(|place| (LIBRARIES, place)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(),
        _ => failed(&error),
    })?;
    let (mut stdin, stdout, stderr) = (
        child.stdin.take().expect("it is piped"),
        child.stdout.take().expect("it is piped"),
        child.stderr.take().expect("it is piped"),
    );
    let (mut made, mut said) = (Vec::new(), Vec::new());
    let give = async move {
        // It may end before it has read all, and says why itself.
        let _ = stdin.write_all(text.as_bytes()).await;
        let _ = stdin.shutdown().await;
        Ok(())
    };
    let (mut stdout, mut stderr) = (stdout.take(most + 1), stderr.take(LONGEST_REASON));
    let take = async {
        let length = stdout.read_to_end(&mut made).await.map_err(|error| failed(&error))?;
        let is_too_much = length as u64 > most;
        // It would wait for somebody to take the rest: nobody waits for its end.
        if is_too_much { Err(SpeakError::Failed(TOO_MUCH.to_owned())) } else { Ok(()) }
    };
    let listen = async { stderr.read_to_end(&mut said).await.map_err(|error| failed(&error)) };
    tokio::try_join!(take, listen, give)?;
    let status = child.wait().await.map_err(|error| failed(&error))?;
    if !status.success() {
        let why = String::from_utf8_lossy(&said);
        return Err(SpeakError::Failed(format!("eSpeak NG ended with {status}: {}", why.trim())));
    }
    Ok(made)
}

fn found(path: Option<OsString>) -> Option<PathBuf> {
    std::env::split_paths(&path?).map(|folder| folder.join(ENGINE)).find(|program| program.is_file())
}

fn missing() -> SpeakError {
    SpeakError::Missing(MISSING.to_owned())
}

fn failed(error: &io::Error) -> SpeakError {
    SpeakError::Failed(format!("eSpeak NG could not be used: {error}"))
}

/// Without what it would take for a command: control characters change its voice, and double brackets hold phonemes.
fn harmless(text: &str) -> String {
    let mut harmless: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    while harmless.contains("[[") {
        harmless = harmless.replace("[[", "[ [");
    }
    harmless
}

/// Without what is silent at either end.
pub fn spoken(mut sound: Sound) -> Sound {
    let is_heard = |sample: &i16| sample.unsigned_abs() > SILENT;
    let end = sound.samples.iter().rposition(is_heard).map_or(0, |last| last + 1);
    sound.samples.truncate(end);
    let begin = sound.samples.iter().position(is_heard).unwrap_or(0);
    sound.samples.drain(..begin);
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mouth::reading::clause::Pause;

    fn clause(text: &str) -> Clause {
        Clause { text: text.to_owned(), after: Pause::None }
    }

    async fn say(text: &str, manner: Manner) -> Result<Sound, SpeakError> {
        EspeakNg::new(None).say(&clause(text), &manner).await
    }

    fn loudness(sound: &Sound) -> f64 {
        let power: f64 = sound.samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (power / sound.samples.len() as f64).sqrt()
    }

    #[tokio::test]
    async fn it_speaks_at_the_wanted_speed_and_volume() {
        let text = "the quick brown fox jumps over the lazy dog";
        let manner = || Manner::of("en-us");
        let usual = say(text, manner()).await.expect("said");
        assert_eq!(usual.rate, 22_050);
        let seconds = usual.samples.len() as f64 / 22_050.0;
        assert!((1.5..4.0).contains(&seconds), "{seconds}");
        let fast = say(text, manner().at_speed(4.0).expect("a speed")).await.expect("said");
        let slow = say(text, manner().at_speed(0.25).expect("a speed")).await.expect("said");
        assert!(
            fast.samples.len() * 3 < usual.samples.len() && slow.samples.len() > usual.samples.len() * 3 / 2
        );
        let quiet = say(text, manner().at_volume(0.25).expect("a volume")).await.expect("said");
        let mute = say(text, manner().at_volume(0.0).expect("a volume")).await.expect("said");
        assert!(loudness(&quiet) * 3.0 < loudness(&usual) && loudness(&quiet) > 10.0);
        assert!(mute.samples.is_empty());
        assert!(manner().at_speed(0.2).is_none() && manner().at_speed(f32::NAN).is_none());
        assert!(manner().at_volume(1.1).is_none());
    }

    #[tokio::test]
    async fn only_voices_of_its_own_lists_are_used() {
        let espeak = EspeakNg::new(None);
        let voices = espeak.voices().await.expect("its voices");
        let american = voices.iter().find(|voice| voice.id == "en-us").expect("it is always there");
        assert_eq!((american.name.as_str(), american.engine.as_str()), ("English (America)", ENGINE));
        assert!(voices.len() > 50 && voices.is_sorted_by_key(|voice| &voice.language));
        let mut ids: Vec<_> = voices.iter().map(|voice| voice.id.to_lowercase()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), voices.len(), "each is found by its id");
        let [plain, female, shouted] = ["en-us", "en-us+f3", "EN-US"].map(Manner::of);
        let plain = espeak.say(&clause("hello"), &plain).await.expect("said");
        assert_ne!(espeak.say(&clause("hello"), &female).await.expect("said"), plain);
        assert_eq!(espeak.say(&clause("hello"), &shouted).await.expect("said"), plain);
        for voice in
            ["", "nobody", "en-us+nobody", "en-us+f3+f4", "+f3", "--stdout", "../../etc/passwd", "en-us -w x"]
        {
            let answer = espeak.say(&clause("hello"), &Manner::of(voice)).await;
            assert_eq!(answer, Err(SpeakError::UnknownVoice(voice.to_owned())));
        }
    }

    #[tokio::test]
    async fn text_is_never_a_command() {
        let manner = || Manner::of("en-us");
        let said = say("-w out.wav hello", manner()).await.expect("said");
        assert!(said.samples.len() > 22_050);
        assert_eq!(harmless("a[[[h@loU]]\u{1}50P b\n"), "a[ [ [h@loU]] 50P b ");
        let markup = say("<break time=\"9s\"/> hello", manner()).await.expect("said");
        assert!(markup.samples.len() < 7 * 22_050, "it is read and not obeyed");
        assert!(say("…", manner()).await.expect("nothing to say").samples.is_empty());
        let long = say(&"word ".repeat(2000), manner()).await;
        assert_eq!(long, Err(SpeakError::Failed(TOO_MUCH.to_owned())));
    }

    /// A program that lists voices as eSpeak NG does, and for the rest does what it is told.
    fn program(folder: &Path, does: &str) -> PathBuf {
        let path = folder.join("program");
        let lists =
            "case \"$1\" in --voices*) echo header; echo ' 5  en-us  --/M  Somebody  gmw/en'; exit;; esac";
        // Written by somebody else: while this process had it open to write, nobody could start it.
        let write = r#"printf '#!/bin/sh\n%s\n%s\n' "$1" "$2" > "$0" && chmod 755 "$0""#;
        let written =
            std::process::Command::new("sh").args(["-c", write]).arg(&path).args([lists, does]).status();
        assert!(written.expect("it runs").success());
        path
    }

    #[tokio::test]
    async fn a_program_that_is_missing_fails_or_makes_nonsense_is_told_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let answer = async |program: PathBuf| {
            EspeakNg::new(Some(program)).say(&clause("hello"), &Manner::of("en-us")).await
        };
        assert_eq!(answer(folder.path().join("nothing")).await, Err(missing()));
        assert_eq!(found(Some(folder.path().into())), None);
        let failed = |answer: Result<Sound, SpeakError>| match answer {
            Err(SpeakError::Failed(why)) => why,
            other => panic!("{other:?}"),
        };
        let broken = failed(answer(program(folder.path(), "echo why >&2; exit 3")).await);
        assert!(broken.contains("exit status: 3") && broken.ends_with("why"), "{broken}");
        let nonsense = failed(answer(program(folder.path(), "echo nonsense")).await);
        assert_eq!(nonsense, "eSpeak NG: it is no wav file");
        let endless = failed(answer(program(folder.path(), "cat /dev/zero")).await);
        assert_eq!(endless, TOO_MUCH);
        let deaf = EspeakNg::new(Some(program(folder.path(), "exit 4")));
        let long = failed(deaf.say(&clause(&"long ".repeat(100_000)), &Manner::of("en-us")).await);
        assert!(long.contains("exit status: 4"), "{long}");
        let slow = EspeakNg::new(Some(program(folder.path(), "exec sleep 1000")));
        let asked = slow.run(&["--stdout"], "", 1000, Duration::from_millis(50)).await;
        assert!(matches!(asked, Err(SpeakError::Failed(why)) if why.starts_with("eSpeak NG said nothing")));
        let environment = failed(answer(program(folder.path(), "env >&2; exit 1")).await);
        assert!(!environment.contains("CARGO") && !environment.contains("HOME"), "{environment}");
    }

    #[tokio::test]
    async fn its_process_ends_when_nobody_waits_any_longer() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("it runs");
        assert!(made.success());
        let program =
            program(folder.path(), &format!("exec 3>'{}'; echo here >&3; exec sleep 1000", pipe.display()));
        let espeak = EspeakNg::new(Some(program));
        let opened = tokio::task::spawn_blocking(move || std::fs::File::open(pipe));
        let said = clause("hello");
        let manner = Manner::of("en-us");
        let mut saying = Box::pin(espeak.say(&said, &manner));
        let reader = tokio::select! {
            answer = &mut saying => panic!("{answer:?}"),
            reader = opened => reader.expect("joined").expect("opened"),
        };
        drop(saying);
        // Whoever has the pipe open has ended when it ends.
        let told = tokio::task::spawn_blocking(move || io::read_to_string(reader));
        let told =
            tokio::time::timeout(Duration::from_secs(20), told).await.expect("it ends").expect("joined");
        assert!(["here\n", ""].contains(&told.expect("read").as_str()));
    }
}
