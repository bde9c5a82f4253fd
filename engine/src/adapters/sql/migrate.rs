//! Brings a store's schema to what this program knows, or says why it must not.
//!
//! In go an open connection and the list of migrations, out comes a checked or upgraded schema. Each
//! migration runs in a transaction of its own together with its row in `schema_history`, so a failed
//! one leaves nothing behind. Forward only. It does not open stores and makes no snapshots itself.

use super::db::Db;
use super::failure::store_error;
use super::query::{Query, Row, sql};
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use async_trait::async_trait;
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One step forward. A released one is never edited.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub version: i64,
    /// The oldest program that can work with the schema once this step is done, by the version it knows.
    pub min_reader: i64,
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// Who may change the schema. Engines never do: `up`, `migrate` and tests do.
#[derive(Clone)]
pub enum SchemaPolicy {
    Require,
    Migrate(Upgrade),
}

#[derive(Clone, Default)]
pub struct Upgrade {
    /// Where SQLite's snapshot goes; `backups` beside the file where not said.
    pub backups: Option<PathBuf>,
    /// Called first where there is data in PostgreSQL; without it the operator's own backups must do.
    pub snapshot: Option<Arc<dyn Snapshot>>,
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

/// Copies what is there before the schema changes.
#[async_trait]
pub trait Snapshot: Send + Sync {
    async fn take(&self, db: &Db, found: i64, target: i64) -> Stored<()>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process is migrating.
    Waiting,
    Snapshot,
    /// The `step`-th of `steps` begins.
    Applying {
        name: &'static str,
        step: usize,
        steps: usize,
    },
    Done,
}

impl Upgrade {
    fn tell(&self, progress: Progress) {
        if let Some(listener) = &self.progress {
            listener(progress);
        }
    }

    pub fn tell_snapshot(&self) {
        self.tell(Progress::Snapshot);
    }
}

/// What is still to be done, in order.
#[derive(Debug)]
pub struct Pending {
    found: i64,
    steps: Vec<Migration>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub fn has_data(&self) -> bool {
        self.found > 0
    }

    pub fn found(&self) -> i64 {
        self.found
    }

    pub fn target(&self) -> i64 {
        self.steps.last().map_or(self.found, |last| last.version)
    }
}

/// Compares the schema with what this program knows. Reads only.
pub async fn check(link: &mut Link, policy: &SchemaPolicy, known: &[Migration]) -> Stored<Pending> {
    let newest = known.last().map_or(0, |last| last.version);
    let (found, min_reader) = version_of(link).await?;
    if min_reader > newest {
        return Err(StoreError::TooNew { place: "the store".into(), min_reader, known: newest });
    }
    if matches!(policy, SchemaPolicy::Require) && found < newest {
        return Err(StoreError::TooOld { place: "the store".into(), found, needed: newest });
    }
    let steps = known.iter().filter(|step| step.version > found).copied().collect();
    Ok(Pending { found, steps })
}

/// Waits until no other process migrates. The right ends with the connection.
pub async fn alone(link: &mut Link, patience: Duration, upgrade: &Upgrade) -> Stored<()> {
    const LOCK: i64 = 0x5748_5350;
    let begun = Instant::now();
    loop {
        let wish = sql("SELECT CAST(pg_try_advisory_lock($1) AS INTEGER)::BIGINT AS granted").bind(LOCK);
        if let Some(row) = link.one(wish).await?
            && row.get("granted")?
        {
            return Ok(());
        }
        if begun.elapsed() >= patience {
            let reason = "another process has been migrating it for too long".into();
            return Err(StoreError::Unavailable { reason, source: None });
        }
        upgrade.tell(Progress::Waiting);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

pub async fn migrate(link: &mut Link, pending: &Pending, upgrade: &Upgrade, clock: &dyn Clock) -> Stored<()> {
    let steps = pending.steps.len();
    for (done, step) in pending.steps.iter().enumerate() {
        upgrade.tell(Progress::Applying { name: step.name, step: done + 1, steps });
        link.begin().await?;
        match apply(link, step, clock).await {
            Ok(()) => link.raw("COMMIT").await?,
            Err(error) => {
                // The reason that matters is why the step failed; a lost connection rolls back by itself.
                let _ = link.raw("ROLLBACK").await;
                return Err(error.at(&format!("migration {} ({})", step.version, step.name)));
            }
        }
    }
    if steps > 0 {
        upgrade.tell(Progress::Done);
    }
    Ok(())
}

async fn apply(link: &mut Link, step: &Migration, clock: &dyn Clock) -> Stored<()> {
    link.raw(
        "CREATE TABLE IF NOT EXISTS schema_history (
            version BIGINT NOT NULL PRIMARY KEY,
            min_reader BIGINT NOT NULL,
            name TEXT NOT NULL,
            applied_at BIGINT NOT NULL
        )",
    )
    .await?;
    link.raw(match link {
        Link::Sqlite(_) => step.sqlite,
        Link::Postgres(_) => step.postgres,
    })
    .await?;
    let noted =
        sql("INSERT INTO schema_history (version, min_reader, name, applied_at) VALUES ($1, $2, $3, $4)")
            .bind(step.version)
            .bind(step.min_reader)
            .bind(step.name)
            .bind(clock.now());
    link.run(noted).await
}

/// The newest version and the largest `min_reader`; zeros for an empty store.
async fn version_of(link: &mut Link) -> Stored<(i64, i64)> {
    let table = match link {
        Link::Sqlite(_) => {
            sql("SELECT 1 AS there FROM sqlite_schema WHERE type = 'table' AND name = 'schema_history'")
        }
        Link::Postgres(_) => sql("SELECT 1 AS there WHERE to_regclass('schema_history') IS NOT NULL"),
    };
    if link.one(table).await?.is_none() {
        return Ok((0, 0));
    }
    let history = sql(
        "SELECT COALESCE(MAX(version), 0) AS version, COALESCE(MAX(min_reader), 0) AS min_reader FROM schema_history",
    );
    match link.one(history).await? {
        Some(row) => Ok((row.get("version")?, row.get("min_reader")?)),
        None => Ok((0, 0)),
    }
}

/// One connection outside any pool, while the store is being opened.
pub enum Link {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Link {
    pub async fn one(&mut self, query: Query) -> Stored<Option<Row>> {
        match self {
            Self::Sqlite(link) => {
                Ok(query.for_sqlite().fetch_optional(link).await.map_err(store_error)?.map(Row::Sqlite))
            }
            Self::Postgres(link) => {
                Ok(query.for_postgres().fetch_optional(link).await.map_err(store_error)?.map(Row::Postgres))
            }
        }
    }

    pub async fn run(&mut self, query: Query) -> Stored<()> {
        match self {
            Self::Sqlite(link) => query.for_sqlite().execute(link).await.map(|_| ()),
            Self::Postgres(link) => query.for_postgres().execute(link).await.map(|_| ()),
        }
        .map_err(store_error)
    }

    pub async fn close(self) -> Stored<()> {
        match self {
            Self::Sqlite(link) => link.close().await,
            Self::Postgres(link) => link.close().await,
        }
        .map_err(store_error)
    }

    /// SQLite takes the write lock at once, so that a step never fails half-way for want of it.
    async fn begin(&mut self) -> Stored<()> {
        let begin = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        };
        self.raw(begin).await
    }

    /// Several statements, without values.
    async fn raw(&mut self, text: &'static str) -> Stored<()> {
        match self {
            Self::Sqlite(link) => sqlx::raw_sql(text).execute(link).await.map(|_| ()),
            Self::Postgres(link) => sqlx::raw_sql(text).execute(link).await.map(|_| ()),
        }
        .map_err(store_error)
    }
}
