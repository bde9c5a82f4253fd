//! `migrate-store --to postgres|sqlite`: carries everything to the other kind of database.
//!
//! Beside a box that runs, the box does it itself: between its own file and a PostgreSQL in a container of its own.
//! Where none runs: between the file and the server that the configuration names.
//!
//! The source is only read, the target must be empty, and what was written is counted and compared before it
//! counts as moved. Which store is used afterwards is the owner's word, in the configuration; a box that moved its own
//! has written it down itself.

use super::context::Context;
use super::move_beside;
use crate::appliance::store;
use crate::config::fields::DATABASE_TYPE;
use crate::config::load::Config;
use crate::exit::Failure;
use crate::instance::Instance;
use crate::reach::{self, Reached};
use crate::state::choices::Home;
use crate::state::jobs::JobRow;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use engine::adapters::sql::export::moving::{MoveReport, move_store};
use engine::adapters::sql::migrate::SchemaPolicy;
use engine::adapters::sql::store::SqlStore;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use engine::ports::store::StoreHealth;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

#[derive(Debug, Args)]
pub struct MigrateStore {
    /// The kind of database to move to. Beside a running box, its own PostgreSQL in a container; with the box stopped,
    /// the server that the configuration names.
    #[arg(long, value_name = "KIND")]
    to: Kind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Postgres,
    Sqlite,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Postgres => Self::Sqlite,
            Self::Sqlite => Self::Postgres,
        }
    }
}

pub async fn run(command: MigrateStore, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    if let Some(running) = reach::running(&config).await? {
        return Ok(beside(&config, running, command.to, context).await?);
    }
    let at = |kind: Kind| {
        let mut flags = context.flags();
        flags.set(&DATABASE_TYPE, kind.name());
        context.load(&flags)
    };
    let (source, target) = (at(command.to.other())?, at(command.to)?);
    let report = carry(&source, &target).await?;
    let (text, json) = told(&report, command.to)?;
    Ok(context.answer(&text, &json)?)
}

async fn beside(config: &Config, running: Reached, to: Kind, context: &Context) -> anyhow::Result<()> {
    let home = match to {
        Kind::Postgres => Home::Container,
        Kind::Sqlite => Home::Native,
    };
    let tell = |job: &JobRow| {
        let rows = job.total.map_or_else(String::new, |total| format!(", {} of {total} rows", job.done));
        eprintln!("{}{rows}", job.stage);
    };
    let job = move_beside::carry(config, running, home, tell).await?;
    let text = format!(
        "{} rows are in {} now, compared one by one, and the box has started again there\n",
        job.done,
        to.name()
    );
    context.answer(&text, &json!({ "to": to.name(), "rows": job.done }))
}

async fn carry(source: &Config, target: &Config) -> anyhow::Result<MoveReport> {
    source.data_dir.create()?;
    let _instance = Instance::claim(&source.data_dir)?;
    let (clock, tasks): (Arc<dyn Clock>, _) = (Arc::new(SystemClock::default()), TaskTracker::new());
    let from =
        SqlStore::open(&store::place(source, None)?, &SchemaPolicy::Require, Arc::clone(&clock), &tasks)
            .await
            .context("the store to move from cannot be opened")?;
    let moved = into(&from, target, clock, &tasks).await;
    from.close().await;
    tasks.close();
    tasks.wait().await;
    moved
}

async fn into(
    from: &SqlStore,
    target: &Config,
    clock: Arc<dyn Clock>,
    tasks: &TaskTracker,
) -> anyhow::Result<MoveReport> {
    let policy = store::may_migrate(target, &clock);
    let to = SqlStore::open(&store::place(target, None)?, &policy, clock, tasks)
        .await
        .context("the store to move to cannot be opened")?;
    let moved = move_store(from, &to, |_| {}).await;
    to.close().await;
    moved.context("nothing was moved; the source is as it was")
}

fn told(report: &MoveReport, to: Kind) -> anyhow::Result<(String, Value)> {
    let mut text = String::new();
    for table in report.tables.iter().filter(|table| table.rows > 0) {
        writeln!(text, "{:>9}  {}", table.rows, table.table)?;
    }
    writeln!(
        text,
        "{} rows are in {} now, compared one by one; the source was left as it was\n  \
         next: set WHISPERENGINE_DATABASE_TYPE={}, then whisperengine up",
        report.rows(),
        to.name(),
        to.name()
    )?;
    let table = |table: &engine::adapters::sql::export::dump::TableSum| json!({ "table": table.table, "rows": table.rows, "sha256": table.sha256 });
    let tables: Vec<Value> = report.tables.iter().map(table).collect();
    Ok((text, json!({ "to": to.name(), "rows": report.rows(), "schema": report.schema, "tables": tables })))
}
