//! Whether the disk has room.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::Snapshot;

/// Below it downloads and backups are refused before the disk is full.
pub const LOW: u64 = 1 << 30;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let low = snapshot.disk_free_bytes.filter(|free| *free < LOW);
    let issue =
        |free: u64| Issue::new(IssueKind::DiskLow, format!("only {} MiB of the disk are free", free >> 20));
    low.map(issue).into_iter().collect()
}
