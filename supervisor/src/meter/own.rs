//! What this process takes, what its control group leaves it, and what is left of the machine.

use crate::machine::cgroup::{self, Room};
use crate::machine::source::{DiskSpace, Machine};
use std::path::Path;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Own {
    pub memory_total: Option<u64>,
    pub memory_free: Option<u64>,
    /// Where the control group allows less than the machine has.
    pub group: Option<Room>,
    pub memory_own: Option<u64>,
    /// Processor time since the start, in nanoseconds.
    pub processor_ns: Option<u64>,
    /// Of the file system that holds the data directory.
    pub disk: Option<DiskSpace>,
    pub busy: Option<f64>,
}

/// Blocks: a disk may hang.
pub fn read(machine: &Machine, root: &Path) -> Own {
    let mut system = sysinfo::System::new().ok();
    let own = system.as_mut().zip(sysinfo::get_current_pid().ok()).and_then(|(system, pid)| {
        system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
        let only = sysinfo::ProcessesToUpdate::Some(&[pid]);
        let what = sysinfo::ProcessRefreshKind::nothing().with_memory().with_cpu();
        system.refresh_processes_specifics(only, false, what);
        system.process(pid).map(|own| (own.memory(), own.accumulated_cpu_time() * 1_000_000))
    });
    let total = system.as_ref().map(sysinfo::System::total_memory).filter(|bytes| *bytes > 0);
    Own {
        memory_total: total,
        memory_free: total.and(system.as_ref().map(sysinfo::System::available_memory)),
        group: cgroup::room(machine).filter(|room| total.is_none_or(|total| room.most_bytes < total)),
        memory_own: own.map(|(memory, _)| memory).filter(|bytes| *bytes > 0),
        processor_ns: own.map(|(_, time)| time).filter(|time| *time > 0),
        disk: root.ancestors().find_map(machine.disk),
        busy: sysinfo::System::load_average().ok().map(|load| load.one),
    }
}
