//! `transcribe FILE`: what is said in a file of sound.
//!
//! The box that runs listens, since it may have its model in memory; where none does, this process. With a model that is a
//! file, this process does, whoever runs: the file is on no shelf.

use super::context::Context;
use crate::appliance::voice;
use crate::config::load::Config;
use crate::exit::Failure;
use crate::reach;
use ::voice::ears::desk::{Settings, listen};
use ::voice::ears::hearing::Wish;
use ::voice::ears::model::{Model, language};
use ::voice::shelf::models::{Kind, is_path};
use anyhow::{Context as _, bail};
use clap::Args;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use futures::stream;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voice_client::contract::{TRANSCRIPTIONS, TRANSLATIONS};
use voice_client::form::Form;

/// Somebody at a terminal waits as long as they like; a call must end some time all the same.
const PATIENCE: Duration = Duration::from_mins(15);

#[derive(Debug, Args)]
pub struct Transcribe {
    /// The sound: wav, flac, mp3, m4a, ogg or webm; `-` reads standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to listen with: the name of a model in `model list`, or a file [default: the first in the list].
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// What is spoken, such as en or de [default: found out].
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Write it in English, whatever is spoken.
    #[arg(long)]
    translate: bool,
    /// Names and words that may come.
    #[arg(long, value_name = "WORDS")]
    prompt: Option<String>,
}

pub async fn run(asked: Transcribe, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let told = transcribe(&asked, &config).await?;
    let text = told["text"].as_str().unwrap_or_default();
    let line = if text.is_empty() { String::new() } else { format!("{text}\n") };
    if text.is_empty() && !context.global.json {
        eprintln!("nothing was said in it");
    }
    Ok(context.answer(&line, &told)?)
}

async fn transcribe(asked: &Transcribe, config: &Config) -> anyhow::Result<Value> {
    let sound = read(&asked.file)?;
    if let Some(model) = asked.model.as_deref().filter(|model| is_path(model)) {
        return here(asked, Path::new(model), sound).await;
    }
    match reach::running(config).await? {
        Some(running) => ask(&running.client, asked, &sound).await,
        None => {
            voice::ensure_on(config)?;
            // Long sound waits on its disk.
            config.data_dir.create()?;
            let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
            let _stop = stop.clone().drop_guard();
            let way = voice::alone(config, "this process", &tasks, &stop);
            ask(&way.client(Principal::Operator), asked, &sound).await
        }
    }
}

async fn ask(client: &EngineClient, asked: &Transcribe, sound: &[u8]) -> anyhow::Result<Value> {
    let form = Form::new(SystemClock::default().new_id().as_u128())
        .with_some("model", asked.model.as_deref())
        .with_some("language", asked.language.as_deref())
        .with_some("prompt", asked.prompt.as_deref())
        .with("response_format", "verbose_json")
        .with_sound(sound);
    let path = if asked.translate { TRANSLATIONS } else { TRANSCRIPTIONS };
    let (kind, body) = form.end();
    let body = stream::iter([Ok(body.into())]);
    Ok(client.with_patience(PATIENCE).upload(path, &kind, body).await?)
}

async fn here(asked: &Transcribe, model: &Path, sound: Vec<u8>) -> anyhow::Result<Value> {
    let settings = Settings::default();
    if let Some(why) = voice::child(Kind::Ears).tries(model).await? {
        bail!("the model {} cannot be used: {why}", model.display());
    }
    let language = match asked.language.as_deref() {
        Some(name) => {
            Some(language(name).with_context(|| format!("{name} is no language that is known here"))?)
        }
        None => None,
    };
    let before = asked.prompt.clone().unwrap_or_default();
    let wish = Wish { language, translates: asked.translate, before, ..Wish::default() };
    let loaded =
        Model::load(model).with_context(|| format!("the model {} cannot be used", model.display()))?;
    let never = CancellationToken::new();
    let heard = listen(&loaded, sound.into(), &wish, settings.threads, settings.longest, &never, |_| {})?;
    Ok(serde_json::to_value(heard)?)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut sound = Vec::new();
        std::io::stdin().lock().read_to_end(&mut sound).context("standard input cannot be read")?;
        return Ok(sound);
    }
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}
