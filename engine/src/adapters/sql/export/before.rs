//! What was there before the schema changes, as a file: the snapshot that a PostgreSQL upgrade takes.
//!
//! An older schema has tables and columns that this program no longer knows, so what is written is what
//! the database's own catalogue names. The format is the export's, with the older schema in its header:
//! the program that wrote that schema can read it.

use super::dump::Dump;
use super::failure::MoveError;
use super::tables::Kind;
use crate::adapters::sql::db::Db;
use crate::adapters::sql::migrate::Snapshot;
use crate::adapters::sql::query::sql;
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use async_trait::async_trait;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs::{self, OpenOptions};
use tokio::io::{AsyncWriteExt as _, BufWriter};

/// Writes `before-schema-N.jsonl` into `folder`.
pub struct ExportBefore {
    pub folder: PathBuf,
    pub clock: Arc<dyn Clock>,
}

struct Present {
    table: String,
    columns: Vec<(String, Kind)>,
}

#[async_trait]
impl Snapshot for ExportBefore {
    async fn take(&self, db: &Db, found: i64, target: i64) -> Stored<()> {
        let file = self.folder.join(format!("before-schema-{target}.jsonl"));
        let unfinished = file.with_extension("part");
        let written = self.write(db, found, &unfinished).await;
        let placed = match written {
            // Whole on the disk before it has its name, so whatever has the name is whole.
            Ok(()) => fs::rename(&unfinished, &file).await.map_err(MoveError::from),
            Err(error) => Err(error),
        };
        match placed {
            Ok(()) => Ok(()),
            Err(MoveError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Unavailable {
                reason: format!("the snapshot {} cannot be written: {error}", file.display()),
                source: Some(Box::new(error)),
            }),
        }
    }
}

impl ExportBefore {
    async fn write(&self, db: &Db, found: i64, path: &Path) -> Result<(), MoveError> {
        let present = catalogue(db).await?;
        fs::create_dir_all(&self.folder).await?;
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(true).mode(0o600).open(path).await?;
        let mut out = BufWriter::new(file);
        let mut snapshot = db.snapshot().await?;
        let mut dump = Dump::begin(&mut out, found, self.clock.now().0).await?;
        for Present { table, columns } in &present {
            let columns: Vec<(&str, Kind)> =
                columns.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            let select = format!("SELECT {} FROM {table}", names.join(", "));
            dump.table(&mut snapshot, select, table, &columns).await?;
        }
        dump.end().await?;
        out.flush().await?;
        Ok(out.get_ref().sync_all().await?)
    }
}

/// Every table with the columns that hold content; what the database makes by itself is left out.
async fn catalogue(db: &Db) -> Stored<Vec<Present>> {
    let rows = db
        .all(sql(
            "SELECT CAST(c.table_name AS TEXT) AS table_name, CAST(c.column_name AS TEXT) AS column_name,
                 CAST(c.data_type AS TEXT) AS data_type
             FROM information_schema.columns c
             JOIN information_schema.tables t USING (table_schema, table_name)
             WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
               AND c.table_name <> 'schema_history' AND c.is_generated = 'NEVER'
             ORDER BY c.table_name, c.ordinal_position",
        ))
        .await?;
    let mut present: Vec<Present> = Vec::new();
    for row in rows {
        let (table, column): (String, String) = (row.get("table_name")?, row.get("column_name")?);
        let kind = match row.get::<String>("data_type")?.as_str() {
            "bytea" => Kind::Bytes,
            "bigint" => Kind::Int,
            "text" => Kind::Text,
            other => {
                let reason = format!("column {table}.{column} is of a kind no snapshot knows: {other}");
                return Err(StoreError::Internal { reason, source: None });
            }
        };
        match present.last_mut().filter(|last| last.table == table) {
            Some(last) => last.columns.push((column, kind)),
            None => present.push(Present { table, columns: vec![(column, kind)] }),
        }
    }
    Ok(present)
}
