//! `diagnostics`: one file for somebody who helps.

use super::context::Context;
use crate::config::data_dir::write_private;
use crate::config::load::Config;
use crate::diagnostics::archive::{Gathered, pack};
use crate::diagnostics::gather;
use crate::exit::Failure;
use crate::issues::snapshot::EngineSeen;
use crate::reach;
use anyhow::{Context as _, ensure};
use clap::Args;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// It asks everybody, and some may not answer.
const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "whisperengine-diagnostics.tar";
const WITHOUT_NAMES: &str = "Secrets and names of people were taken out; look it over before you hand it on.";
const WITH_NAMES: &str = "Secrets were taken out. Names of people could not be, since the box's engine, which knows \
                          them, does not answer: look for them before you hand it on.";

#[derive(Debug, Args)]
pub struct Diagnostics {
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = NAME)]
    out: PathBuf,
}

pub async fn run(diagnostics: Diagnostics, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    Ok(write(&config, &diagnostics.out, context).await?)
}

async fn write(config: &Config, out: &Path, context: &Context) -> anyhow::Result<()> {
    ensure!(!out.exists(), "{} is there already; name another file with --out", out.display());
    let Gathered { documents, names_taken_out } = gathered(config).await?;
    let seconds = u64::try_from(SystemClock::default().now().0 / 1_000_000).unwrap_or_default();
    let packed = pack(&documents, seconds)?;
    write_private(out, &packed).with_context(|| format!("{} cannot be written", out.display()))?;
    let names = if names_taken_out { WITHOUT_NAMES } else { WITH_NAMES };
    let text = format!(
        "{} holds {} documents, {} kB. {names}\n",
        out.display(),
        documents.len(),
        packed.len().div_ceil(1_000)
    );
    let all: Vec<&String> = documents.keys().collect();
    let told = json!({
        "file": out, "bytes": packed.len(), "documents": all, "names_taken_out": names_taken_out,
    });
    context.answer(&text, &told)
}

async fn gathered(config: &Config) -> anyhow::Result<Gathered> {
    if let Some(running) = reach::running(config).await? {
        return Ok(running.client.with_patience(PATIENCE).get("/appliance/diagnostics").await?);
    }
    Ok(match reach::reach(config).await {
        Ok(reached) => {
            let engine =
                reached.access().ok_or_else(|| EngineSeen::Down("it was started this moment".to_owned()));
            let gathered = gather::alone(config, engine).await;
            reached.close().await;
            gathered
        }
        // What keeps the engine from starting is what somebody needs to see.
        Err(error) => gather::alone(config, Err(EngineSeen::DoesNotStart(format!("{error:#}")))).await,
    })
}
