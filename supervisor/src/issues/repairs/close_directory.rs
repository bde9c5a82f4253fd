//! The data directory is closed to other users. Needs no running box.

use super::super::ground::RepairError;
use crate::config::data_dir::DataDir;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

pub async fn repair(directory: &DataDir) -> Result<String, RepairError> {
    let path = directory.root().to_owned();
    match tokio::fs::set_permissions(&path, Permissions::from_mode(0o700)).await {
        Ok(()) => Ok(format!("{} is closed to other users", path.display())),
        Err(source) => Err(RepairError::Directory { path, source }),
    }
}
