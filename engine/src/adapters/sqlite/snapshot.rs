//! A whole, consistent copy of the file, made before its schema changes.

use super::open::file_error;
use crate::adapters::sql::migrate::Link;
use crate::adapters::sql::query::sql;
use crate::ports::error::{StoreError, Stored};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Writes `before-schema-N.db` into `folder` and returns its path once it is on the disk.
///
/// A copy of that name from an earlier try is replaced: that try never changed the store.
pub(super) async fn snapshot(link: &mut Link, folder: &Path, version: i64) -> Stored<PathBuf> {
    let whole = folder.join(format!("before-schema-{version}.db"));
    let partial = folder.join(format!("before-schema-{version}.db.partial"));
    copy(link, folder, &partial).await.inspect_err(|_| {
        // A piece of a copy helps nobody; the reason that matters is the one returned.
        let _ = std::fs::remove_file(&partial);
    })?;
    let kept = std::fs::rename(&partial, &whole).and_then(|()| File::open(folder)?.sync_all());
    kept.map_err(|error| file_error(&error))?;
    Ok(whole)
}

async fn copy(link: &mut Link, folder: &Path, partial: &Path) -> Stored<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| file_error(&error))?;
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(file_error(&error)),
        _ => {}
    }
    let empty = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial);
    let file = empty.map_err(|error| file_error(&error))?;
    let name = partial.to_str().ok_or_else(|| StoreError::Refused {
        reason: format!("the folder for the snapshot is not UTF-8: {}", folder.display()),
    })?;
    link.run(sql("VACUUM INTO $1").bind(name)).await?;
    file.sync_all().map_err(|error| file_error(&error))
}
