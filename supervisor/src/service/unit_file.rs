//! A unit on the disk: ours, somebody else's, or none. Written whole or not at all.

use super::launch::MARK;
use super::outcome::ServiceError;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// The mark stands this near the top, behind what a format wants first.
const MARKED_WITHIN: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Absent,
    Ours(String),
    Foreign,
}

pub fn is_ours(text: &str) -> bool {
    text.lines().take(MARKED_WITHIN).any(|line| line.contains(MARK))
}

pub fn find(path: &Path) -> Result<Found, ServiceError> {
    match fs::symlink_metadata(path) {
        // A link was put there by somebody: writing through it would change a file elsewhere.
        Ok(metadata) if !metadata.is_file() => return Ok(Found::Foreign),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Absent),
        Err(source) => return Err(ServiceError::File { verb: "read", path: path.to_owned(), source }),
    }
    match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) if is_ours(&text) => Ok(Found::Ours(text)),
        Ok(_) => Ok(Found::Foreign),
        Err(source) => Err(ServiceError::File { verb: "read", path: path.to_owned(), source }),
    }
}

/// What of ours is there, if anything.
pub fn find_ours(path: &Path) -> Result<Option<String>, ServiceError> {
    match find(path)? {
        Found::Absent => Ok(None),
        Found::Ours(text) => Ok(Some(text)),
        Found::Foreign => Err(ServiceError::Foreign(path.to_owned())),
    }
}

/// Everybody may read it: it holds no secret, and a service manager of another user reads it.
pub fn write(path: &Path, content: &[u8]) -> Result<(), ServiceError> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let mut file = fs::File::create(&beside)?;
        file.write_all(content)?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    written.map_err(|source| {
        // The error that stopped us says more than one about the leftover would.
        drop(fs::remove_file(&beside));
        ServiceError::File { verb: "written", path: path.to_owned(), source }
    })
}

pub fn remove(path: &Path) -> Result<(), ServiceError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(ServiceError::File { verb: "removed", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
