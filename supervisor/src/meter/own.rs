//! What this process takes, what its control group leaves it, and what is left of the machine.

use crate::machine::cgroup::{self, Room};
use crate::machine::source::{DiskSpace, Machine};
use std::path::Path;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Own {
    pub memory_total: Option<u64>,
    pub memory_free: Option<u64>,
    /// Where the control group allows less than the machine has.
    pub group: Option<Room>,
    pub memory_own: Option<u64>,
    /// Processor time since the start, in nanoseconds, and when that was looked at: what follows may take long.
    pub processor: Option<(Instant, u64)>,
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
        let now = Instant::now();
        system.process(pid).map(|own| (own.memory(), (now, own.accumulated_cpu_time() * 1_000_000)))
    });
    let total = system.as_ref().map(sysinfo::System::total_memory).filter(|bytes| *bytes > 0);
    Own {
        memory_total: total,
        memory_free: total.and(system.as_ref().map(sysinfo::System::available_memory)),
        group: cgroup::room(machine).filter(|room| total.is_none_or(|total| room.most_bytes < total)),
        memory_own: own.map(|(memory, _)| memory).filter(|bytes| *bytes > 0),
        processor: own.map(|(_, worked)| worked).filter(|(_, time)| *time > 0),
        disk: root.ancestors().find_map(machine.disk),
        busy: sysinfo::System::load_average().ok().map(|load| load.one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HANGS: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn processor_time_has_the_moment_at_which_it_was_read_however_long_a_disk_takes() {
        let disk = |_: &Path| {
            tokio::runtime::Handle::current().block_on(tokio::time::advance(HANGS));
            Some(DiskSpace { total_bytes: 2, free_bytes: 1 })
        };
        // What is nought yet is not told.
        while read(&Machine::this(), Path::new("/")).processor.is_none() {}
        let (begun, machine) = (Instant::now(), Machine { disk, ..Machine::this() });
        let reading = tokio::task::spawn_blocking(move || read(&machine, Path::new("/")));
        let own = reading.await.expect("no panic");
        assert!(own.disk.is_some() && begun.elapsed() >= HANGS, "the disk hung");
        assert_eq!(own.processor.map(|(at, _)| at), Some(begun));
    }
}
