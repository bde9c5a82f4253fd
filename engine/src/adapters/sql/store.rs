//! The Store itself: one database, opened, with a clock. Its ports are implemented one file each.

use super::db::Db;
use super::migrate::{Migration, SchemaPolicy};
use super::migrations::MIGRATIONS;
use super::query::sql;
use crate::adapters::postgres::open::{self as postgres, PostgresSettings};
use crate::adapters::sqlite::open::{self as sqlite, SqliteSettings};
use crate::ports::clock::Clock;
use crate::ports::error::Stored;
use crate::ports::store::{Store, StoreHealth};
use async_trait::async_trait;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

#[derive(Clone)]
pub struct SqlStore {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub enum StorePlace {
    Sqlite(SqliteSettings),
    Postgres(PostgresSettings),
}

impl SqlStore {
    /// Connects, checks the schema and, where the policy allows, brings it up to date.
    pub async fn open(
        place: &StorePlace,
        policy: &SchemaPolicy,
        clock: Arc<dyn Clock>,
        tasks: &TaskTracker,
    ) -> Stored<Self> {
        Self::open_knowing(MIGRATIONS, place, policy, clock, tasks).await
    }

    /// The same for a program that knows other migrations: an older or a newer one.
    pub(super) async fn open_knowing(
        migrations: &[Migration],
        place: &StorePlace,
        policy: &SchemaPolicy,
        clock: Arc<dyn Clock>,
        tasks: &TaskTracker,
    ) -> Stored<Self> {
        let db = match place {
            StorePlace::Sqlite(settings) => {
                sqlite::open(settings, policy, migrations, clock.as_ref(), tasks).await?
            }
            StorePlace::Postgres(settings) => {
                postgres::open(settings, policy, migrations, clock.as_ref()).await?
            }
        };
        Ok(Self { db, clock })
    }

    /// Whether nobody but this very store is at the database. SQLite's file is held by one process anyway.
    pub async fn is_alone(&self) -> Stored<bool> {
        let Some(ours) = self.db.connections() else { return Ok(true) };
        let all = sql("SELECT count(*) AS connections FROM pg_stat_activity
             WHERE datname = current_database() AND backend_type = 'client backend'");
        let all = self.db.one(all).await?.map(|row| row.get::<i64>("connections")).transpose()?;
        Ok(all.unwrap_or_default() <= i64::from(ours))
    }

    /// The same store, once for each port.
    pub fn ports(self: Arc<Self>) -> Store {
        Store {
            people: self.clone(),
            identities: self.clone(),
            companions: self.clone(),
            conversations: self.clone(),
            removals: self.clone(),
            messages: self.clone(),
            turns: self.clone(),
            histories: self.clone(),
            ledger: self.clone(),
            memories: self.clone(),
            vectors: self.clone(),
            attachments: self.clone(),
            belongings: self.clone(),
            erasure: self.clone(),
            connections: self.clone(),
            keys: self.clone(),
            sessions: self.clone(),
            settings: self.clone(),
            audit: self.clone(),
            jobs: self.clone(),
            leases: self.clone(),
            outbox: self.clone(),
            inbox: self.clone(),
            health: self,
        }
    }
}

#[async_trait]
impl StoreHealth for SqlStore {
    async fn ping(&self) -> Stored<()> {
        self.db.one(sql("SELECT MAX(version) FROM schema_history")).await.map(|_| ())
    }

    fn kind(&self) -> &'static str {
        self.db.dialect().pick("sqlite", "postgres")
    }

    async fn close(&self) {
        self.db.close().await;
    }
}
