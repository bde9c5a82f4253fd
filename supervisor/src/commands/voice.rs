//! `voice`: ears and a mouth in a process of their own, for a supervisor or an orchestrator.
//!
//! Models are only read; what was found out about them is kept where the data directory is, as long as that is. Whoever
//! calls must show the secret; callers are our own front doors.

use super::context::Context;
use super::door::Door;
use crate::appliance::signals::Signals;
use crate::appliance::voice;
use crate::config::load::Config;
use crate::exit::Failure;
use crate::logs::start::{self as logs, Terminal};
use ::voice::mouth::piper::voices::Source;
use ::voice::shelf::models::Shelf;
use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// For what is being said and heard.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub struct VoiceCommand {
    #[command(flatten)]
    door: Door,
    /// The folder with the models [default: the one in the data directory].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

pub async fn run(command: VoiceCommand, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    Ok(work(command, &config, context).await?)
}

async fn work(command: VoiceCommand, config: &Config, context: &Context) -> anyhow::Result<()> {
    voice::ensure_on(config)?;
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    logs::start(&config.log, None, Terminal::Shown)?;
    config.data_dir.create()?;
    let secret = command.door.secret()?;
    let shelf = command.models.clone().map_or_else(|| voice::shelf(config), Shelf::at);
    let (stop, doors) = (CancellationToken::new(), TaskTracker::new());
    let router = voice::router(config, shelf.clone(), Source::Shelf(shelf), &secret, &doors, &stop);
    let place = command.door.open(router, &doors, &stop).await?;
    context.answer(&format!("voice ready at {place}\n"), &json!({ "ready": true, "at": place }))?;
    let signal = signals.next().await;
    tracing::info!("stopping on {signal}");
    stop.cancel();
    doors.close();
    tokio::select! {
        // Nothing is kept here: what does not end in time ends with the process.
        ended = tokio::time::timeout(LAST_ANSWERS, doors.wait()) => drop(ended),
        signal = signals.next() => anyhow::bail!("stopped at once by {signal}"),
    }
    Ok(())
}
