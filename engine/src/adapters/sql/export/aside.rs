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

const BEGINNING: &str = "set-aside-";
const UNFINISHED: &str = "part";

/// Leaves the store empty. Returns the file, an export whose every byte was on the disk before anything was removed;
/// `None` where there was nothing.
pub async fn set_aside(store: &SqlStore, folder: &Path) -> Result<Option<PathBuf>, MoveError> {
    if first_row(store).await?.is_none() {
        return Ok(None);
    }
    fs::create_dir_all(folder).await?;
    remove_unfinished(folder).await?;
    let file = folder.join(format!("{BEGINNING}{}.jsonl", store.clock.now().0));
    let unfinished = Unfinished(file.with_extension(UNFINISHED));
    let mut options = OpenOptions::new();
    let mut out = BufWriter::new(options.create_new(true).write(true).mode(0o600).open(&unfinished.0).await?);
    export(store, &mut out).await?;
    out.flush().await?;
    out.get_ref().sync_all().await?;
    fs::rename(&unfinished.0, &file).await?;
    // So that its name outlives the power, too.
    fs::File::open(folder).await?.sync_all().await?;
    empty(store).await?;
    Ok(Some(file))
}

/// Whatever ends before the last byte, on an error or on its owner's word, leaves nothing.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Its name is another one by now where all went well.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What the end of the whole process left.
async fn remove_unfinished(folder: &Path) -> Result<(), MoveError> {
    let mut files = fs::read_dir(folder).await?;
    while let Some(file) = files.next_entry().await? {
        let path = file.path();
        let is_ours = file.file_name().to_string_lossy().starts_with(BEGINNING);
        if is_ours && path.extension().is_some_and(|ending| ending == UNFINISHED) {
            fs::remove_file(path).await?;
        }
    }
    Ok(())
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
