//! What an engine leaves on the machine when it ends badly, found by its folder and its addresses.

use super::address_pool::AddressPool;
use crate::process_tree;
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Processes that were started with `folder` in their arguments or environment, and all below them.
pub fn processes(folder: &Path) -> std::io::Result<Vec<Pid>> {
    let folder = folder.as_os_str().as_bytes();
    let this = rustix::process::getpid();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let Some(pid) = pid.filter(|pid| *pid != this) else { continue };
        let names_it = ["cmdline", "environ"].iter().any(|words| {
            // A process may end between the listing and the reading.
            let words = std::fs::read(entry.path().join(words)).unwrap_or_default();
            words.windows(folder.len()).any(|window| window == folder)
        });
        if names_it {
            found.extend(process_tree::members(pid)?);
        }
    }
    Ok(found)
}

/// Mounts in `folder`, the innermost first.
pub fn mounts(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let table = std::fs::read_to_string("/proc/self/mountinfo")?;
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    let mut inside: Vec<PathBuf> = points.filter(|point| point.starts_with(folder)).collect();
    inside.reverse();
    Ok(inside)
}

/// Network interfaces that have an address of the pool.
pub fn interfaces(pool: AddressPool) -> std::io::Result<Vec<String>> {
    let listed = Command::new("ip").args(["-o", "-4", "address", "show"]).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    let ours = listed.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (name, _inet, address) = (words.next()?, words.next()?, words.next()?);
        pool.holds(address).then(|| name.to_owned())
    });
    Ok(ours.collect())
}

/// Ends, unmounts and removes all of it. What is not there is no failure.
pub fn clear(folder: &Path, pool: AddressPool) -> std::io::Result<()> {
    for pid in processes(folder)? {
        // It may have ended in the meantime, which is what is wanted.
        kill_process(pid, Signal::KILL).ok();
    }
    for point in mounts(folder)? {
        Command::new("umount").arg("--lazy").arg(point).output()?;
    }
    for interface in interfaces(pool)? {
        Command::new("ip").args(["link", "delete", &interface]).output()?;
    }
    Ok(())
}
