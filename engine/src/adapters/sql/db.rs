//! One database, whichever it is: reads from a pool, writes in transactions.
//!
//! What is read inside a transaction may be another writer's uncommitted work (SQLite commits in
//! groups), so an answer built from it is given only after `commit` has returned.

use super::failure::store_error;
use super::query::{Query, Row};
use crate::adapters::sqlite::writer::{GroupedTx, Writer};
use crate::ports::error::Stored;
use sqlx::{PgPool, Postgres, SqlitePool, Transaction};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The statement of this database, where the two do not share one.
    pub fn pick<T>(self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

#[derive(Clone)]
pub enum Db {
    /// Many readers, one writer that commits in groups.
    Sqlite {
        readers: SqlitePool,
        writer: Writer,
    },
    Postgres(PgPool),
}

impl Db {
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// How many a server sees of us; `None` where there is no server.
    pub fn connections(&self) -> Option<u32> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres(pool) => Some(pool.size()),
        }
    }

    /// Every row of a read, as committed.
    pub async fn all(&self, query: Query) -> Stored<Vec<Row>> {
        match self {
            Self::Sqlite { readers, .. } => {
                let rows = query.for_sqlite().fetch_all(readers).await.map_err(store_error)?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(pool) => {
                let rows = query.for_postgres().fetch_all(pool).await.map_err(store_error)?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row of a read, as committed.
    pub async fn one(&self, query: Query) -> Stored<Option<Row>> {
        match self {
            Self::Sqlite { readers, .. } => {
                let row = query.for_sqlite().fetch_optional(readers).await.map_err(store_error)?;
                Ok(row.map(Row::Sqlite))
            }
            Self::Postgres(pool) => {
                let row = query.for_postgres().fetch_optional(pool).await.map_err(store_error)?;
                Ok(row.map(Row::Postgres))
            }
        }
    }

    /// One statement in a transaction of its own; returns how many rows it changed.
    pub async fn run(&self, query: Query) -> Stored<u64> {
        if let Self::Postgres(pool) = self {
            // A lone statement is its own transaction there, for one round trip instead of three.
            return Ok(query.for_postgres().execute(pool).await.map_err(store_error)?.rows_affected());
        }
        let mut tx = self.begin().await?;
        let changed = tx.run(query).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// One statement with RETURNING in a transaction of its own; its first row, once it is kept.
    pub async fn run_returning(&self, query: Query) -> Stored<Option<Row>> {
        if let Self::Postgres(pool) = self {
            // To its end: a row comes before the statement is committed.
            let rows = query.for_postgres().fetch_all(pool).await.map_err(store_error)?;
            return Ok(rows.into_iter().next().map(Row::Postgres));
        }
        let mut tx = self.begin().await?;
        let row = tx.one(query).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Starts a transaction. Dropped without `commit`, nothing of it remains.
    pub async fn begin(&self) -> Stored<Tx> {
        match self {
            Self::Sqlite { writer, .. } => Ok(Tx::Sqlite(writer.begin().await)),
            Self::Postgres(pool) => Ok(Tx::Postgres(pool.begin().await.map_err(store_error)?)),
        }
    }

    /// Waits for writes under way and closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

pub enum Tx {
    Sqlite(GroupedTx),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Returns how many rows changed.
    pub async fn run(&mut self, query: Query) -> Stored<u64> {
        match self {
            Self::Sqlite(tx) => Ok(tx.run(query).await?.changed),
            Self::Postgres(tx) => {
                Ok(query.for_postgres().execute(&mut **tx).await.map_err(store_error)?.rows_affected())
            }
        }
    }

    /// Runs them in order, in one walk to the database where it takes several at once.
    pub async fn run_all(&mut self, queries: Vec<Query>) -> Stored<()> {
        if let Self::Sqlite(_) = self {
            self.run(Query::joined(queries)).await?;
            return Ok(());
        }
        for query in queries {
            self.run(query).await?;
        }
        Ok(())
    }

    pub async fn one(&mut self, query: Query) -> Stored<Option<Row>> {
        match self {
            Self::Sqlite(tx) => Ok(tx.run(query).await?.rows.into_iter().next().map(Row::Sqlite)),
            Self::Postgres(tx) => {
                let row = query.for_postgres().fetch_optional(&mut **tx).await.map_err(store_error)?;
                Ok(row.map(Row::Postgres))
            }
        }
    }

    pub async fn all(&mut self, query: Query) -> Stored<Vec<Row>> {
        match self {
            Self::Sqlite(tx) => Ok(tx.run(query).await?.rows.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(tx) => {
                let rows = query.for_postgres().fetch_all(&mut **tx).await.map_err(store_error)?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Durable when it returns: flushed to the disk by SQLite, by PostgreSQL as its server is set.
    pub async fn commit(self) -> Stored<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await.map_err(store_error),
        }
    }
}
