//! `engine`: an engine in a process of its own, on PostgreSQL, for a supervisor or an orchestrator.
//!
//! It keeps no data directory and never changes the schema. Whoever calls it must show the transport's
//! secret; its callers are our own front doors.

use super::context::Context;
use super::door::Door;
use crate::appliance::engine::{Footing, Running};
use crate::appliance::signals::Signals;
use crate::config::areas::Database;
use crate::config::fields::DATABASE_TYPE;
use crate::config::load::Config;
use crate::config::problems::{BadConfiguration, Problem};
use crate::exit::Failure;
use crate::logs::start::{self as logs, Terminal};
use crate::secrets::root_key;
use anyhow::Context as _;
use clap::Args;
use engine::adapters::sql::migrate::SchemaPolicy;
use engine::adapters::system::SystemClock;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const LAST_ANSWERS: Duration = Duration::from_millis(300);
const DRAIN: Duration = Duration::from_secs(6);
const STOP: Duration = Duration::from_secs(9);

#[derive(Debug, Args)]
pub struct EngineCommand {
    #[command(flatten)]
    door: Door,
    /// The file with the Store's master key; it must be the same for every engine on one database.
    #[arg(long, value_name = "FILE")]
    master_key_file: PathBuf,
}

pub async fn run(command: EngineCommand, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    if !matches!(config.database, Database::Postgres(_)) {
        return Err(needs_postgres(&config).into());
    }
    Ok(work(command, &config, context).await?)
}

fn needs_postgres(config: &Config) -> BadConfiguration {
    let source = config.settings.iter().find(|setting| setting.key == DATABASE_TYPE.key);
    let problem = Problem {
        key: DATABASE_TYPE.key.to_owned(),
        source: source.map_or_else(|| DATABASE_TYPE.env.to_owned(), |setting| setting.source.clone()),
        message: "must be postgres: a SQLite store belongs to the one process of `whisperengine up`"
            .to_owned(),
    };
    BadConfiguration { problems: vec![problem], warnings: config.warnings.clone() }
}

async fn work(command: EngineCommand, config: &Config, context: &Context) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    logs::start(&config.log, None, Terminal::Shown)?;
    let footing = Footing {
        store_key: root_key::read(&command.master_key_file)?,
        secret: command.door.secret()?,
        clock: Arc::new(SystemClock::default()),
        policy: SchemaPolicy::Require,
        is_alone: false,
        backing: None,
    };
    let running = tokio::select! {
        running = Running::start(config, &footing) => running?,
        signal = signals.next() => {
            tracing::info!("stopping on {signal}");
            return Ok(());
        }
    };
    let (stop, doors) = (CancellationToken::new(), TaskTracker::new());
    let place = command.door.open(running.router(), &doors, &stop).await?;
    context.answer(&format!("engine ready at {place}\n"), &json!({ "ready": true, "at": place }))?;
    let signal = signals.next().await;
    tracing::info!("stopping on {signal}");
    stop.cancel();
    doors.close();
    let ended = async {
        drop(tokio::time::timeout(LAST_ANSWERS, doors.wait()).await);
        running.drain(DRAIN).await;
        doors.wait().await;
    };
    tokio::select! {
        ended = tokio::time::timeout(STOP, ended) => if ended.is_err() {
            tracing::warn!("not everything ended in time; what is stored is whole");
        },
        signal = signals.next() => anyhow::bail!("stopped at once by {signal}"),
    }
    Ok(())
}
