//! `model list|add|remove`: what the box listens with. The box that runs sees what is changed here at once.

use super::context::Context;
use crate::appliance::voice::{proofs, shelf};
use crate::config::load::Config;
use crate::exit::Failure;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use voice::shelf::proof::ProofError;

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Show which models there are.
    List,
    /// Add a model of whisper.cpp's from a file, after trying it out.
    Add {
        /// The file; a copy of it is kept.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What to call it.
        #[arg(long, value_name = "NAME")]
        name: String,
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
        ModelCommand::Add { file, name } => add(&config, &file, &name).await,
        ModelCommand::Remove { name } => remove(&config, &name),
    }?;
    Ok(context.answer(&text, &json)?)
}

fn list(config: &Config) -> anyhow::Result<(String, Value)> {
    let models = shelf(config).ears().context("the models cannot be read")?;
    let mut text = String::new();
    for model in &models {
        writeln!(text, "{:<24} {:>8} MB", model.name, model.bytes.div_ceil(1_000_000))?;
    }
    if models.is_empty() {
        text.push_str("no models; `whisperengine model add FILE --name NAME` adds one to listen with\n");
    }
    let models =
        models.iter().map(|model| json!({ "name": model.name, "task": "listen", "bytes": model.bytes }));
    Ok((text, json!({ "models": models.collect::<Vec<_>>() })))
}

async fn add(config: &Config, file: &Path, name: &str) -> anyhow::Result<(String, Value)> {
    config.data_dir.create()?;
    let added = shelf(config).add(name, file).with_context(|| format!("{} was not added", file.display()))?;
    match proofs(config).of(&added.path).await {
        Ok(()) => {}
        Err(error) => {
            shelf(config).remove(name)?;
            match error {
                ProofError::Unfit(why) => bail!("{} was not added: {why}", file.display()),
                ProofError::Untried(error) => return Err(error).context("the model could not be tried out"),
            }
        }
    }
    let text = format!("{name} is added and was tried out\n");
    Ok((text, json!({ "name": name, "task": "listen", "bytes": added.bytes })))
}

fn remove(config: &Config, name: &str) -> anyhow::Result<(String, Value)> {
    shelf(config).remove(name)?;
    Ok((format!("{name} is removed\n"), json!({ "removed": name })))
}
