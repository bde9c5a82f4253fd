//! One file per check: a snapshot goes in, issues come out. None asks anybody or remembers anything.

use super::issue::Issue;
use super::snapshot::Snapshot;

pub mod unanswered;
pub mod engine;
pub mod setup;
pub mod configuration;
pub mod disk;
pub mod memory;
pub mod data_dir;
pub mod containers;
pub mod services;
pub mod leftovers;
pub mod jobs;

pub const ALL: [fn(&Snapshot) -> Vec<Issue>; 11] = [
    engine::check,
    data_dir::check,
    services::check,
    containers::check,
    disk::check,
    memory::check,
    configuration::check,
    setup::check,
    jobs::check,
    leftovers::check,
    unanswered::check,
];

/// The worst first.
pub fn run(snapshot: &Snapshot) -> Vec<Issue> {
    let mut found: Vec<_> = ALL.iter().flat_map(|check| check(snapshot)).collect();
    found.sort_by_key(|issue| issue.severity);
    found
}
