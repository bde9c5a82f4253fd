//! `model list|add|remove`: what the box listens and speaks with. The box that runs sees what is changed here at once.

use super::context::Context;
use crate::appliance::voice::{proofs, shelf};
use crate::config::load::Config;
use crate::exit::Failure;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use voice::shelf::models::{Kind, ModelFile};
use voice::shelf::proof::ProofError;

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Show which models there are.
    List,
    /// Add a model of whisper.cpp's or a voice of Piper's from a file, after trying it out.
    Add {
        /// The file; a copy of it is kept. A voice is an .onnx file with its .onnx.json beside it.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What to call it [default: the file's name].
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Remove a model and its file.
    Remove {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub async fn run(command: ModelCommand, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let (text, json) = match command {
        ModelCommand::List => list(&config),
        ModelCommand::Add { file, name } => add(&config, &file, name).await,
        ModelCommand::Remove { name } => remove(&config, &name),
    }?;
    Ok(context.answer(&text, &json)?)
}

fn list(config: &Config) -> anyhow::Result<(String, Value)> {
    let shelf = shelf(config);
    shelf.tidy().context("the models cannot be tidied")?;
    let (mut text, mut models) = (String::new(), Vec::new());
    for kind in Kind::ALL {
        for model in shelf.all(kind).context("the models cannot be read")? {
            writeln!(text, "{:<32} {:<6} {:>8} MB", model.name, task(kind), model.bytes.div_ceil(1_000_000))?;
            models.push(told(kind, &model));
        }
    }
    if models.is_empty() {
        text.push_str("no models; `whisperengine model add FILE` adds one to listen or to speak with\n");
    }
    Ok((text, json!({ "models": models })))
}

async fn add(config: &Config, file: &Path, name: Option<String>) -> anyhow::Result<(String, Value)> {
    config.data_dir.create()?;
    let stem = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (kind, name) = (Kind::of(file), name.unwrap_or_else(stem));
    let was_not = || format!("{} was not added", file.display());
    // It is on no shelf before it was tried out.
    let arrival = shelf(config).receive(kind, &name, file).with_context(was_not)?;
    let proofs = proofs(config, kind);
    match proofs.of(arrival.path()).await {
        Ok(()) => {}
        Err(ProofError::Unfit(why)) => bail!("{}: {why}", was_not()),
        Err(ProofError::Untried(error)) => return Err(error).context("the model could not be tried out"),
    }
    let from = arrival.path().to_owned();
    let added = arrival.place().with_context(was_not)?;
    proofs.moved(&from, &added.path).await;
    Ok((format!("{name} is added and was tried out\n"), told(kind, &added)))
}

fn remove(config: &Config, name: &str) -> anyhow::Result<(String, Value)> {
    shelf(config).tidy().context("the models cannot be tidied")?;
    shelf(config).remove(name)?;
    Ok((format!("{name} is removed\n"), json!({ "removed": name })))
}

fn told(kind: Kind, model: &ModelFile) -> Value {
    json!({ "name": model.name, "task": task(kind), "bytes": model.bytes })
}

/// For what it is, to people.
fn task(kind: Kind) -> &'static str {
    match kind {
        Kind::Ears => "listen",
        Kind::Voices => "speak",
    }
}
