//! Opens `appliance.db`, and brings its schema forward.
//!
//! One connection: what is written here is little, and in order.

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Executor, SqlitePool};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use uuid::Uuid;

/// Marks the file as ours: `WHSA`.
const APPLICATION_ID: i64 = 0x5748_5341;

/// Applied in order; the file's version is how many of them it has seen. Never edited, only added to.
const STEPS: &[&str] = &[
    include_str!("schema/0001_services.sql"),
    include_str!("schema/0002_jobs_count_rows_too.sql"),
    include_str!("schema/0003_volumes.sql"),
];

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("appliance.db cannot be read or written")]
    Sql(#[from] sqlx::Error),
    #[error("appliance.db cannot be made private")]
    File(#[from] std::io::Error),
    #[error("appliance.db is a database of another program; move it away")]
    Foreign,
    #[error(
        "appliance.db was written by a newer version (schema {found}, this one knows {known}): update WhisperEngine"
    )]
    TooNew { found: i64, known: i64 },
}

impl StateError {
    /// Somebody else has the file open, and will let go.
    pub fn is_busy(&self) -> bool {
        // What lies above the lowest byte only says more about it.
        let busy = |code: &str| code.parse::<u32>().is_ok_and(|code| code & 0xff == 5);
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().is_some_and(|code| busy(&code)))
    }
}

/// The box's own records.
#[derive(Clone)]
pub struct State {
    pub(super) pool: SqlitePool,
    /// Which box this is among those that share a container engine. Made once, kept with the data.
    box_id: String,
    /// The last intent before this opening.
    pub(super) last_before: i64,
}

impl State {
    pub async fn open(file: &Path) -> Result<Self, StateError> {
        Self::with(file, SqliteLockingMode::Normal).await
    }

    /// Takes no room on the disk, and nobody else can have it open meanwhile: what `SQLite` shares between processes is
    /// a file, too.
    pub async fn open_alone(file: &Path) -> Result<Self, StateError> {
        Self::with(file, SqliteLockingMode::Exclusive).await
    }

    async fn with(file: &Path, locking: SqliteLockingMode) -> Result<Self, StateError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .locking_mode(locking)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An intent that is not on disk is none.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        std::fs::set_permissions(file, Permissions::from_mode(0o600))?;
        migrate(&pool).await?;
        let box_id = box_id(&pool).await?;
        let last_before =
            sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM journal").fetch_one(&pool).await?;
        Ok(Self { pool, box_id, last_before })
    }

    pub fn box_id(&self) -> &str {
        &self.box_id
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn migrate(pool: &SqlitePool) -> Result<(), StateError> {
    let owner: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(pool).await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(pool).await?;
    let known = STEPS.len() as i64;
    if owner != APPLICATION_ID && (owner != 0 || found != 0) {
        return Err(StateError::Foreign);
    }
    if found > known {
        return Err(StateError::TooNew { found, known });
    }
    for (number, step) in STEPS.iter().enumerate().skip(found as usize) {
        let mut change = pool.begin().await?;
        change.execute(*step).await?;
        let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}", number + 1);
        change.execute(sqlx::AssertSqlSafe(marks)).await?;
        change.commit().await?;
    }
    Ok(())
}

async fn box_id(pool: &SqlitePool) -> Result<String, StateError> {
    let known = sqlx::query_scalar("SELECT id FROM box").fetch_optional(pool).await?;
    if let Some(known) = known {
        return Ok(known);
    }
    // Short, since it is part of names that people read; long enough that two boxes differ.
    let fresh = Uuid::new_v4().simple().to_string()[..8].to_owned();
    sqlx::query("INSERT INTO box (only_one, id) VALUES (1, $1) ON CONFLICT DO NOTHING")
        .bind(fresh)
        .execute(pool)
        .await?;
    Ok(sqlx::query_scalar("SELECT id FROM box").fetch_one(pool).await?)
}
