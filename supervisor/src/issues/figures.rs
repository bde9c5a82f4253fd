//! What the machine has left at this moment, and whether the data directory is closed to others.
//!
//! Asks the system and may hang with a disk that does: callers give it a time. Memory is the machine's; what a
//! control group leaves is not looked at here, since its count holds pages that are free to go.

use super::snapshot::{Directory, Memory};
use crate::machine::source::Machine;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

#[derive(Clone, Debug)]
pub struct Figures {
    pub directory: Directory,
    pub disk_free_bytes: Option<u64>,
    pub memory: Option<Memory>,
}

pub fn read(root: &Path) -> Figures {
    let disk = Machine::this().disk;
    Figures {
        directory: directory(root),
        // A directory that is not there yet will be made in the nearest one that is.
        disk_free_bytes: root.ancestors().find_map(disk).map(|space| space.free_bytes),
        memory: memory(),
    }
}

pub fn directory(root: &Path) -> Directory {
    match std::fs::metadata(root) {
        Ok(metadata) if metadata.mode() & 0o077 != 0 => Directory::Open,
        Ok(_) => Directory::Closed,
        Err(error) => Directory::Unreadable(error.to_string()),
    }
}

fn memory() -> Option<Memory> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
    let memory = Memory { available_bytes: system.available_memory(), total_bytes: system.total_memory() };
    Some(memory).filter(|memory| memory.total_bytes > 0)
}
