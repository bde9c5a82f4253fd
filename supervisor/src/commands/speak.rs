//! `speak TEXT --out FILE`: what is written, said into a file of sound.
//!
//! The box that runs speaks; where none does, this process. With a voice in a file of somebody's, this process does, whoever
//! runs: the file is on no shelf. What is written is there when all of it is said, and not before.

use super::context::Context;
use crate::appliance::voice;
use crate::config::load::Config;
use crate::exit::Failure;
use crate::reach;
use ::voice::mouth::encoding::Shape;
use ::voice::mouth::piper::voices::Source;
use ::voice::shelf::models::Kind;
use ::voice::shelf::proof::ProofError;
use anyhow::{Context as _, bail};
use clap::Args;
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use futures::StreamExt;
use serde_json::json;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voice_client::contract::SPEECH;

const PATIENCE: Duration = Duration::from_mins(15);

#[derive(Debug, Args)]
pub struct Speak {
    /// What to say; `-` reads standard input.
    #[arg(value_name = "TEXT")]
    text: String,
    /// Where to: a file that ends in .wav, .mp3, .opus, .ogg or .pcm, or `-` for wav on standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// As whom: the name of a voice in `model list`, of one that several speak with NAME#SPEAKER, or a voice of eSpeak NG's
    /// such as en-gb [default: voice.speaker].
    #[arg(long, value_name = "VOICE")]
    voice: Option<String>,
    /// A voice of Piper's in a file, with its description beside it; `--voice` is one of its speakers then.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// How fast, from 0.25 to 4.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    speed: f32,
}

pub async fn run(asked: Speak, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let bytes = speak(&asked, &config).await?;
    if asked.out == Path::new("-") {
        let written = std::io::stdout().lock().write_all(&bytes);
        return Ok(written.context("standard output cannot be written")?);
    }
    keep(&asked.out, &bytes).with_context(|| format!("{} cannot be written", asked.out.display()))?;
    let (path, size) = (asked.out.display(), bytes.len());
    Ok(context.answer(&format!("{path} is written\n"), &json!({ "file": asked.out, "bytes": size }))?)
}

async fn speak(asked: &Speak, config: &Config) -> anyhow::Result<Vec<u8>> {
    let text = match asked.text.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
            text
        }
        text => text.to_owned(),
    };
    let shape = shape(&asked.out)?;
    if let Some(file) = &asked.model {
        let file = std::fs::canonicalize(file).with_context(|| file.display().to_string())?;
        match voice::proofs(config, Kind::Voices).of(&file).await {
            Ok(()) => {}
            Err(ProofError::Unfit(why)) => bail!("the voice {} cannot be used: {why}", file.display()),
            Err(ProofError::Untried(error)) => return Err(error).context("the voice could not be tried out"),
        }
        let (name, source) = voice::loose(&file);
        let speaker = asked.voice.as_ref().map(|speaker| format!("#{}", speaker.trim_start_matches('#')));
        let who = name + &speaker.unwrap_or_default();
        return here(asked, config, &text, shape, &who, source).await;
    }
    let who = asked.voice.as_deref().unwrap_or_default();
    match reach::running(config).await? {
        Some(running) => ask(&running.client, asked, &text, shape, who).await,
        None => {
            voice::ensure_on(config)?;
            here(asked, config, &text, shape, who, Source::Shelf(voice::shelf(config))).await
        }
    }
}

/// In this process.
async fn here(
    asked: &Speak,
    config: &Config,
    text: &str,
    shape: Shape,
    who: &str,
    voices: Source,
) -> anyhow::Result<Vec<u8>> {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let _stop = stop.clone().drop_guard();
    let way = voice::alone_with(config, voices, "this process", &tasks, &stop);
    ask(&way.client(Principal::Operator), asked, text, shape, who).await
}

async fn ask(
    client: &EngineClient,
    asked: &Speak,
    text: &str,
    shape: Shape,
    who: &str,
) -> anyhow::Result<Vec<u8>> {
    let body = json!({ "input": text, "voice": who, "speed": asked.speed, "response_format": shape.name() });
    let client = client.with_patience(PATIENCE);
    let mut pieces = std::pin::pin!(client.download_for(SPEECH, &body).await?);
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

fn shape(out: &Path) -> anyhow::Result<Shape> {
    if out == Path::new("-") {
        return Ok(Shape::Wav);
    }
    let ending = out.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let known = Shape::parse(&ending.to_ascii_lowercase());
    known.with_context(|| {
        format!("{}: a file of sound ends in .wav, .mp3, .opus, .ogg or .pcm", out.display())
    })
}

/// Whole or not at all.
fn keep(out: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let beside = out.with_file_name(format!(".{name}.part"));
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, out));
    if written.is_err() {
        // A disk that is full is not made fuller.
        drop(std::fs::remove_file(&beside));
    }
    written
}
