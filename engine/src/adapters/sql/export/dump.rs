//! Writes a store out, as it was at one moment. Who writes meanwhile is neither held up nor included.

use super::failure::MoveError;
use super::line::{Done, FORMAT, Header, Totals, Trailer, write_row};
use super::tables::{TABLES, Table};
use crate::adapters::sql::db::Dialect;
use crate::adapters::sql::migrations::MIGRATIONS;
use crate::adapters::sql::query::{assembled, sql};
use crate::adapters::sql::snapshot::Snapshot;
use crate::adapters::sql::store::SqlStore;
use crate::ports::error::StoreError;
use futures::TryStreamExt as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// What an export holds, by which two of them are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub schema: i64,
    pub tables: Vec<TableSum>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSum {
    pub table: &'static str,
    pub rows: u64,
    /// SHA-256 over the table's lines, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// The first table that is not the same in both.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        let pairs = self.tables.iter().zip(&other.tables);
        pairs.into_iter().find(|(ours, theirs)| ours != theirs).map(|(ours, _)| ours.table)
    }
}

pub async fn export<W>(store: &SqlStore, out: &mut W) -> Result<Manifest, MoveError>
where
    W: AsyncWrite + Unpin + Send,
{
    let mut snapshot = store.db.snapshot().await?;
    let schema = schema_of(&mut snapshot).await?;
    let known = newest_schema();
    if schema != known {
        return Err(MoveError::OtherSchema { found: schema, known });
    }
    write_line(out, &to_line(&Header { format: FORMAT, schema, made_at: store.clock.now().0 })?).await?;
    let mut tables = Vec::new();
    let mut trailers = Sha256::new();
    for table in TABLES {
        let sum = write_table(&mut snapshot, store.db.dialect(), table, out).await?;
        let trailer = Trailer { end: table.name.into(), rows: sum.rows, sha256: sum.sha256.clone() };
        let line = to_line(&trailer)?;
        write_line(out, &line).await?;
        add_line(&mut trailers, &line);
        tables.push(sum);
    }
    let manifest = Manifest { schema, tables };
    let done =
        Totals { tables: TABLES.len() as u64, rows: manifest.rows(), sha256: hex(&trailers.finalize()) };
    write_line(out, &to_line(&Done { done })?).await?;
    out.flush().await?;
    Ok(manifest)
}

async fn write_table<W>(
    snapshot: &mut Snapshot,
    dialect: Dialect,
    table: &Table,
    out: &mut W,
) -> Result<TableSum, MoveError>
where
    W: AsyncWrite + Unpin + Send,
{
    let mut sum = Sha256::new();
    let mut count = 0;
    let mut rows = snapshot.rows(assembled(table.select(dialect)));
    while let Some(row) = rows.try_next().await? {
        let line = write_row(table, &row)?;
        write_line(out, &line).await?;
        add_line(&mut sum, &line);
        count += 1;
    }
    Ok(TableSum { table: table.name, rows: count, sha256: hex(&sum.finalize()) })
}

pub(super) fn newest_schema() -> i64 {
    MIGRATIONS.last().map_or(0, |last| last.version)
}

pub(super) fn add_line(sum: &mut Sha256, line: &str) {
    sum.update(line);
    sum.update("\n");
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

async fn schema_of(snapshot: &mut Snapshot) -> Result<i64, MoveError> {
    let mut rows = snapshot.rows(sql("SELECT COALESCE(MAX(version), 0) AS version FROM schema_history"));
    match rows.try_next().await? {
        Some(row) => Ok(row.get("version")?),
        None => Ok(0),
    }
}

fn to_line(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal {
        reason: "a line of the export does not become JSON".into(),
        source: Some(Box::new(error)),
    })
}

async fn write_line<W: AsyncWrite + Unpin + Send>(out: &mut W, line: &str) -> Result<(), MoveError> {
    out.write_all(line.as_bytes()).await?;
    out.write_all(b"\n").await?;
    Ok(())
}
