//! A process and everything it started, read from `/proc`.

use anyhow::Context;
use rustix::process::Pid;
use std::collections::HashMap;

/// `root` and its descendants, parents first. Empty where `root` is gone.
pub fn members(root: Pid) -> std::io::Result<Vec<Pid>> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // A process may end between the listing and the reading.
        if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            && let Some(parent) = parent(&stat)
        {
            children.entry(parent).or_default().push(pid);
            children.entry(pid).or_default();
        }
    }
    let root = root.as_raw_nonzero().get();
    let mut found = if children.contains_key(&root) { vec![root] } else { Vec::new() };
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.get(pid).into_iter().flatten().copied().collect::<Vec<_>>());
        next += 1;
    }
    Ok(found.into_iter().filter_map(Pid::from_raw).collect())
}

/// The most memory that was ever resident, of `root` and its descendants together, in bytes.
pub fn peak_memory(root: Pid) -> anyhow::Result<u64> {
    let mut sum = 0;
    for pid in members(root)? {
        let pid = pid.as_raw_nonzero();
        // It may have ended since it was listed.
        let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        sum += high_water(&status).with_context(|| format!("/proc/{pid}/status names no VmHWM"))?;
    }
    Ok(sum)
}

/// Forgets the peak, so that the next one is of what happens from now on.
pub fn forget_peak(root: Pid) -> anyhow::Result<()> {
    for pid in members(root)? {
        std::fs::write(format!("/proc/{}/clear_refs", pid.as_raw_nonzero()), "5")?;
    }
    Ok(())
}

/// From a line such as `VmHWM:     1024 kB`.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The parent in a line of `/proc/N/stat`. The command in brackets may itself hold brackets and spaces.
fn parent(stat: &str) -> Option<i32> {
    let (_, after_command) = stat.rsplit_once(')')?;
    after_command.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_an_awkward_command() {
        assert_eq!(parent("42 (a) b) (c) S 7 42 42 0 -1"), Some(7));
    }

    #[test]
    fn the_peak_is_at_least_what_was_just_held() -> anyhow::Result<()> {
        const HELD: usize = 64 * 1024 * 1024;
        let this = rustix::process::getpid();
        let held = std::hint::black_box(vec![7_u8; HELD]);
        drop(held);
        assert!(peak_memory(this)? >= HELD as u64);
        assert_eq!(high_water("Name:\tx\nVmHWM:\t    12 kB\n"), Some(12 * 1024));
        Ok(())
    }

    #[test]
    fn a_started_process_is_below_this_one() -> anyhow::Result<()> {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn()?;
        let tree = members(rustix::process::getpid())?;
        let there = tree.contains(&Pid::from_child(&child));
        child.kill()?;
        child.wait()?;
        assert!(there);
        assert!(members(Pid::from_child(&child))?.is_empty());
        Ok(())
    }
}
