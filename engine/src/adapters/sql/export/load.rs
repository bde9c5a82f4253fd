//! Reads an export into an empty store: counted, checked, and compared with what then lies there.
//!
//! Rows are written in batches. Where anything fails, the target is emptied again, so that a second try
//! finds it as the first one did. Nothing else may write into it meanwhile.

use super::dump::{Manifest, TableSum, add_line, export, hex, newest_schema};
use super::failure::MoveError;
use super::line::{Done, FORMAT, Header, Trailer, read_row};
use super::tables::{TABLES, Table};
use crate::adapters::sql::query::{Query, Value, assembled};
use crate::adapters::sql::store::SqlStore;
use crate::ports::error::Stored;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// No line of ours comes near it: the longest holds one message or one chunk of a file.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;
const ROWS_AT_ONCE: u64 = 500;
/// Each statement is a way to the server and back.
const ROWS_OF_A_STATEMENT: usize = 50;
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveProgress {
    pub table: &'static str,
    /// The table's place, counting from 1.
    pub step: usize,
    pub steps: usize,
    /// Rows written so far, of all tables.
    pub rows: u64,
}

pub async fn import<R>(
    store: &SqlStore,
    input: &mut R,
    mut progress: impl FnMut(MoveProgress) + Send,
) -> Result<Manifest, MoveError>
where
    R: AsyncBufRead + Unpin + Send,
{
    if let Some(table) = first_row(store).await? {
        return Err(MoveError::NotEmpty { table });
    }
    let mut lines = Lines { input, number: 0, line: String::new() };
    let outcome = match fill(store, &mut lines, &mut progress).await {
        Ok(manifest) => verify(store, &manifest).await.map(|()| manifest),
        Err(error) => Err(error),
    };
    if outcome.is_err()
        && let Err(error) = empty(store).await
    {
        tracing::warn!(error = %error, "a failed import could not be cleared away");
    }
    outcome
}

/// The first table that has a row.
pub(super) async fn first_row(store: &SqlStore) -> Stored<Option<&'static str>> {
    for table in TABLES {
        let any = assembled(format!("SELECT 1 AS one FROM {} LIMIT 1", table.name));
        if store.db.one(any).await?.is_some() {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

async fn fill<R: AsyncBufRead + Unpin + Send>(
    store: &SqlStore,
    lines: &mut Lines<'_, R>,
    progress: &mut (impl FnMut(MoveProgress) + Send),
) -> Result<Manifest, MoveError> {
    let header: Header = lines.next_as().await?;
    if header.format != FORMAT {
        return Err(MoveError::OtherFormat { found: header.format, known: FORMAT });
    }
    if header.schema != newest_schema() {
        return Err(MoveError::OtherSchema { found: header.schema, known: newest_schema() });
    }
    let mut manifest = Manifest { schema: header.schema, tables: Vec::new() };
    let mut trailers = Sha256::new();
    for (place, table) in TABLES.iter().enumerate() {
        let mut told =
            MoveProgress { table: table.name, step: place + 1, steps: TABLES.len(), rows: manifest.rows() };
        progress(told);
        let before = told.rows;
        let tell = |rows| {
            told.rows = before + rows;
            progress(told);
        };
        manifest.tables.push(fill_table(store, table, lines, tell).await?);
        add_line(&mut trailers, &lines.line);
    }
    let Done { done } = lines.next_as().await?;
    let sums = hex(&trailers.finalize());
    if (done.tables, done.rows, done.sha256) != (TABLES.len() as u64, manifest.rows(), sums) {
        return Err(lines.damaged("the totals do not match"));
    }
    lines.expect_end().await?;
    Ok(manifest)
}

/// Leaves the table's trailer as the last line read.
async fn fill_table<R: AsyncBufRead + Unpin + Send>(
    store: &SqlStore,
    table: &'static Table,
    lines: &mut Lines<'_, R>,
    mut tell: impl FnMut(u64) + Send,
) -> Result<TableSum, MoveError> {
    let mut sum = Sha256::new();
    let (mut rows, mut waiting) = (0, Vec::with_capacity(ROWS_OF_A_STATEMENT));
    loop {
        let mut bytes = 0;
        let mut tx = store.db.begin().await?;
        let trailer = loop {
            lines.advance().await?;
            if lines.line.starts_with("{\"end\":") {
                break Some(lines.parse::<Trailer>()?);
            }
            waiting.push(read_row(table, &lines.line).map_err(|reason| lines.damaged(&reason))?);
            if waiting.len() == ROWS_OF_A_STATEMENT {
                tx.run(insert(table, waiting.drain(..))).await?;
            }
            add_line(&mut sum, &lines.line);
            bytes += lines.line.len();
            rows += 1;
            if rows % ROWS_AT_ONCE == 0 || bytes >= BYTES_AT_ONCE {
                break None;
            }
        };
        // One by one: a statement for each number of rows would be another one to prepare.
        for row in waiting.drain(..) {
            tx.run(insert(table, [row])).await?;
        }
        tx.commit().await?;
        tell(rows);
        let Some(trailer) = trailer else { continue };
        let sum = TableSum { table: table.name, rows, sha256: hex(&sum.finalize()) };
        if (trailer.end.as_str(), trailer.rows, &trailer.sha256) != (sum.table, sum.rows, &sum.sha256) {
            return Err(lines.damaged(&format!("the sums of {} do not match", table.name)));
        }
        return Ok(sum);
    }
}

fn insert(table: &Table, rows: impl IntoIterator<Item = Vec<Value>, IntoIter: ExactSizeIterator>) -> Query {
    let rows = rows.into_iter();
    let query = assembled(table.insert(rows.len()));
    rows.flatten().fold(query, Query::bind)
}

async fn verify(store: &SqlStore, expected: &Manifest) -> Result<(), MoveError> {
    let found = export(store, &mut tokio::io::sink()).await?;
    match expected.difference(&found) {
        Some(table) => Err(MoveError::Differs { table }),
        None => Ok(()),
    }
}

/// Of all that an export carries, such as what a copy that was stopped left half-way.
pub async fn empty(store: &SqlStore) -> Result<(), MoveError> {
    let mut tx = store.db.begin().await?;
    for table in TABLES.iter().rev() {
        tx.run(assembled(format!("DELETE FROM {}", table.name))).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The stream, line by line, with the number of the one at hand.
struct Lines<'a, R> {
    input: &'a mut R,
    number: u64,
    /// Without its end.
    line: String,
}

impl<R: AsyncBufRead + Unpin + Send> Lines<'_, R> {
    async fn advance(&mut self) -> Result<(), MoveError> {
        self.number += 1;
        self.line.clear();
        let mut bytes = std::mem::take(&mut self.line).into_bytes();
        (&mut *self.input).take(LONGEST_LINE).read_until(b'\n', &mut bytes).await?;
        if bytes.pop() != Some(b'\n') {
            return Err(self.damaged("it ends too early"));
        }
        self.line = String::from_utf8(bytes).map_err(|_| self.damaged("it is not UTF-8"))?;
        Ok(())
    }

    async fn next_as<T: DeserializeOwned>(&mut self) -> Result<T, MoveError> {
        self.advance().await?;
        self.parse()
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, MoveError> {
        serde_json::from_str(&self.line).map_err(|error| self.damaged(&error.to_string()))
    }

    async fn expect_end(&mut self) -> Result<(), MoveError> {
        let more = !self.input.fill_buf().await?.is_empty();
        if more { Err(self.damaged("it goes on after its end")) } else { Ok(()) }
    }

    fn damaged(&self, reason: &str) -> MoveError {
        MoveError::Damaged { line: self.number, reason: reason.to_owned() }
    }
}
