//! One moment of the whole store, read at leisure while others write on.

use super::db::Db;
use super::failure::store_error;
use super::query::{Query, Row};
use crate::ports::error::Stored;
use futures::stream::{BoxStream, StreamExt as _};
use sqlx::{Postgres, Sqlite, Transaction};

/// Holds a connection; dropped, it gives it back and nothing has changed.
pub enum Snapshot {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Db {
    /// The moment is that of the first read.
    pub async fn snapshot(&self) -> Stored<Snapshot> {
        match self {
            Self::Sqlite { readers, .. } => Ok(Snapshot::Sqlite(readers.begin().await.map_err(store_error)?)),
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                let mut tx = pool.begin_with(begin).await.map_err(store_error)?;
                // A statement lasts as long as its reader needs, which may be minutes.
                let unhurried = sqlx::query("SET LOCAL statement_timeout = 0");
                unhurried.execute(&mut *tx).await.map_err(store_error)?;
                Ok(Snapshot::Postgres(tx))
            }
        }
    }
}

impl Snapshot {
    /// Row by row, as fast as they are taken.
    pub fn rows(&mut self, query: Query) -> BoxStream<'_, Stored<Row>> {
        match self {
            Self::Sqlite(tx) => {
                let rows = query.for_sqlite().fetch(&mut **tx);
                rows.map(|row| row.map(Row::Sqlite).map_err(store_error)).boxed()
            }
            Self::Postgres(tx) => {
                let rows = query.for_postgres().fetch(&mut **tx);
                rows.map(|row| row.map(Row::Postgres).map_err(store_error)).boxed()
            }
        }
    }
}
