//! Writes a store out, as it was at one moment. Who writes meanwhile is neither held up nor included.

use super::failure::MoveError;
use super::line::{Done, FORMAT, Header, Totals, Trailer, write_row};
use super::tables::{Kind, TABLES};
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
    let mut dump = Dump::begin(out, schema, store.clock.now().0).await?;
    let mut tables = Vec::new();
    for table in TABLES {
        let select = table.select(store.db.dialect());
        let (rows, sha256) = dump.table(&mut snapshot, select, table.name, table.columns).await?;
        tables.push(TableSum { table: table.name, rows, sha256 });
    }
    dump.end().await?;
    Ok(Manifest { schema, tables })
}

/// An export in the making: begin, one table after the other, end.
pub(super) struct Dump<'a, W> {
    out: &'a mut W,
    trailers: Sha256,
    tables: u64,
    rows: u64,
}

impl<'a, W: AsyncWrite + Unpin + Send> Dump<'a, W> {
    pub(super) async fn begin(out: &'a mut W, schema: i64, made_at: i64) -> Result<Self, MoveError> {
        write_line(out, &to_line(&Header { format: FORMAT, schema, made_at })?).await?;
        Ok(Self { out, trailers: Sha256::new(), tables: 0, rows: 0 })
    }

    /// Writes what `select` gives, and returns how many rows it was and their digest.
    pub(super) async fn table(
        &mut self,
        snapshot: &mut Snapshot,
        select: String,
        name: &str,
        columns: &[(&str, Kind)],
    ) -> Result<(u64, String), MoveError> {
        let (mut sum, mut count) = (Sha256::new(), 0);
        let mut rows = snapshot.rows(assembled(select));
        while let Some(row) = rows.try_next().await? {
            let line = write_row(name, columns, &row)?;
            write_line(self.out, &line).await?;
            add_line(&mut sum, &line);
            count += 1;
        }
        let sha256 = hex(&sum.finalize());
        let line = to_line(&Trailer { end: name.into(), rows: count, sha256: sha256.clone() })?;
        write_line(self.out, &line).await?;
        add_line(&mut self.trailers, &line);
        self.tables += 1;
        self.rows += count;
        Ok((count, sha256))
    }

    pub(super) async fn end(self) -> Result<(), MoveError> {
        let Self { out, trailers, tables, rows } = self;
        let done = Totals { tables, rows, sha256: hex(&trailers.finalize()) };
        write_line(out, &to_line(&Done { done })?).await?;
        Ok(out.flush().await?)
    }
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
