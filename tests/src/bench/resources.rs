//! What a process tree takes of the machine, read from `/proc`, and what machine it is.

use crate::process_tree;
use anyhow::Context;
use rustix::process::Pid;
use serde::Serialize;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// `USER_HZ`, the unit of `/proc/N/stat`: part of the kernel's interface, whatever its own pace.
const TICKS_PER_SECOND: u64 = 100;

pub const MEGABYTE: f64 = 1_000_000.0;

/// Where the figures were taken.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_mb: u64,
    /// Who else was at work: the mean number of runnable tasks over the last minute.
    pub load_before: f64,
}

impl Machine {
    pub fn this() -> anyhow::Result<Self> {
        let processors = read("/proc/cpuinfo")?;
        let processor = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let load = read("/proc/loadavg")?;
        Ok(Self {
            processor: processor.map_or("unnamed processor", |(_, name)| name).to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            memory_mb: kilobytes(&read("/proc/meminfo")?, "MemTotal:")? * 1024 / 1_000_000,
            load_before: load.split(' ').next().unwrap_or_default().parse()?,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_mb, load_before } = self;
        write!(f, "{processor}, {cores} cores, {memory_mb} MB, load before {load_before:.2}")
    }
}

/// Bytes the tree holds now, pages shared with others counted in part.
pub fn memory(root: Pid) -> anyhow::Result<u64> {
    sum(root, |pid| Ok(kilobytes(&read(&format!("/proc/{pid}/smaps_rollup"))?, "Pss:")? * 1024))
}

/// The most that each living member of the tree ever held, added up.
pub fn peak_memory(root: Pid) -> anyhow::Result<u64> {
    sum(root, |pid| Ok(kilobytes(&read(&format!("/proc/{pid}/status"))?, "VmHWM:")? * 1024))
}

/// Processor time the living members have taken since they began.
pub fn processor_time(root: Pid) -> anyhow::Result<Duration> {
    let ticks = sum(root, |pid| ticks(&read(&format!("/proc/{pid}/stat"))?))?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

pub fn processes(root: Pid) -> anyhow::Result<usize> {
    Ok(process_tree::members(root)?.len())
}

/// Bytes a file, or a folder with all in it, takes on its disk.
pub fn on_disk(path: &Path) -> anyhow::Result<u64> {
    let metadata = std::fs::symlink_metadata(path).with_context(|| path.display().to_string())?;
    let mut bytes = metadata.blocks() * 512;
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path)? {
            bytes += on_disk(&entry?.path())?;
        }
    }
    Ok(bytes)
}

fn sum(root: Pid, of: impl Fn(i32) -> anyhow::Result<u64>) -> anyhow::Result<u64> {
    process_tree::members(root)?.into_iter().map(|pid| of(pid.as_raw_nonzero().get())).sum()
}

fn read(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.to_owned())
}

/// The number in a line such as `Pss:      1234 kB`.
fn kilobytes(text: &str, name: &str) -> anyhow::Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.with_context(|| format!("no line says {name}"))?.parse()?)
}

/// User and system time in a line of `/proc/N/stat`, behind the command in brackets.
fn ticks(stat: &str) -> anyhow::Result<u64> {
    let (_, fields) = stat.rsplit_once(") ").context("not a line of stat")?;
    let fields: Vec<_> = fields.split(' ').collect();
    let at = |place: usize| anyhow::Ok(fields.get(place).context("a short line of stat")?.parse::<u64>()?);
    Ok(at(11)? + at(12)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_memory_and_time() -> anyhow::Result<()> {
        let own = rustix::process::getpid();
        assert!(memory(own)? > 100_000);
        assert!(peak_memory(own)? >= memory(own)? / 2);
        assert!(processor_time(own)? < Duration::from_secs(3600));
        assert!(Machine::this()?.cores > 0);
        Ok(())
    }

    #[test]
    fn times_are_found_behind_an_awkward_command() -> anyhow::Result<()> {
        assert_eq!(ticks("42 (a) b) S 1 42 42 0 -1 4194560 1 2 3 4 70 30 9 9 20 0 8 0 1 1 1")?, 100);
        Ok(())
    }

    #[test]
    fn a_folder_takes_what_is_in_it() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let empty = on_disk(folder.path())?;
        std::fs::create_dir(folder.path().join("deeper"))?;
        std::fs::write(folder.path().join("deeper/file"), vec![1; 20_000])?;
        assert!(on_disk(folder.path())? >= empty + 20_000);
        Ok(())
    }
}
