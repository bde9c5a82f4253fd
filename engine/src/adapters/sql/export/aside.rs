//! What lies where a move goes, such as what an earlier move left there: kept as a file, then removed.

use super::dump::export;
use super::failure::MoveError;
use super::load::{empty, first_row};
use super::tables::TABLES;
use crate::adapters::sql::query::assembled;
use crate::adapters::sql::store::SqlStore;
use crate::ports::error::Stored;
use std::path::{Path, PathBuf};
use tokio::fs::{self, OpenOptions};
use tokio::io::{AsyncWriteExt as _, BufWriter};

/// Leaves the store empty. Returns the file, an export whose every byte was on the disk before anything was removed;
/// `None` where there was nothing.
pub async fn set_aside(store: &SqlStore, folder: &Path) -> Result<Option<PathBuf>, MoveError> {
    if first_row(store).await?.is_none() {
        return Ok(None);
    }
    let file = folder.join(format!("set-aside-{}.jsonl", store.clock.now().0));
    let unfinished = file.with_extension("part");
    fs::create_dir_all(folder).await?;
    let mut options = OpenOptions::new();
    let mut out = BufWriter::new(options.create_new(true).write(true).mode(0o600).open(&unfinished).await?);
    let written = async {
        export(store, &mut out).await?;
        out.flush().await?;
        out.get_ref().sync_all().await?;
        fs::rename(&unfinished, &file).await?;
        // So that its name outlives the power, too.
        fs::File::open(folder).await?.sync_all().await?;
        Ok(())
    };
    if let Err(error) = written.await {
        // The error that stopped us says more than one about the leftover would.
        drop(fs::remove_file(&unfinished).await);
        return Err(error);
    }
    empty(store).await?;
    Ok(Some(file))
}

/// How many rows a move of this store carries.
pub async fn rows(store: &SqlStore) -> Stored<u64> {
    let mut sum = 0;
    for table in TABLES {
        let counted = store.db.one(assembled(format!("SELECT count(*) AS rows FROM {}", table.name))).await?;
        let counted = counted.map(|row| row.get::<i64>("rows")).transpose()?.unwrap_or_default();
        sum += u64::try_from(counted).unwrap_or_default();
    }
    Ok(sum)
}
