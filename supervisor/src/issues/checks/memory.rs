//! Whether the machine has memory left.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::{Memory, Snapshot};

/// A small machine runs with little left, and a large one is in trouble long before the last twentieth is gone.
const LEAST: u64 = 64 << 20;
const MOST: u64 = 512 << 20;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let is_low = |memory: &Memory| memory.available_bytes < (memory.total_bytes / 20).clamp(LEAST, MOST);
    let issue = |memory: Memory| {
        let (left, all) = (memory.available_bytes >> 20, memory.total_bytes >> 20);
        Issue::new(IssueKind::MemoryLow, format!("only {left} of {all} MiB of memory are free"))
    };
    snapshot.memory.filter(is_low).map(issue).into_iter().collect()
}
