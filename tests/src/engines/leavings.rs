//! What an engine leaves on the machine when it ends badly, found by its folder and its addresses.
//!
//! An engine that still answers removes all this itself; here is what becomes of one that does not.

use super::address_pool::AddressPool;
use crate::process_tree;
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

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

/// Every rule of the firewall with its table, as `iptables-save` writes them.
pub fn firewall() -> std::io::Result<Vec<(String, String)>> {
    let saved = Command::new("iptables-save").output()?;
    Ok(read(&String::from_utf8_lossy(&saved.stdout)))
}

/// Those that speak of the pool, of these interfaces, or of a port that leads into the pool.
pub fn rules(pool: AddressPool, interfaces: &[String]) -> std::io::Result<Vec<(String, String)>> {
    Ok(ours(firewall()?, pool, interfaces))
}

fn read(saved: &str) -> Vec<(String, String)> {
    let (mut table, mut all) = (String::new(), Vec::new());
    for line in saved.lines() {
        if let Some(name) = line.strip_prefix('*') {
            name.clone_into(&mut table);
        } else if let Some(rule) = line.strip_prefix("-A ") {
            all.push((table.clone(), rule.to_owned()));
        }
    }
    all
}

fn ours(mut all: Vec<(String, String)>, pool: AddressPool, interfaces: &[String]) -> Vec<(String, String)> {
    let names_us = |rule: &str| {
        rule.split(' ').any(|word| pool.holds(word) || interfaces.iter().any(|name| name == word))
    };
    // What Podman publishes is in rules that name the port only. One that is left behind changes where calls to that
    // port come from, whoever listens there next.
    let into_us =
        all.iter().map(|(_, rule)| rule).filter(|rule| names_us(rule) && rule.contains(" -j DNAT "));
    let ports: Vec<String> = into_us.filter_map(|rule| port(rule)).map(str::to_owned).collect();
    let is_of_port = |rule: &str| {
        rule.starts_with("NETAVARK-") && port(rule).is_some_and(|port| ports.iter().any(|ours| ours == port))
    };
    all.retain(|(_, rule)| names_us(rule) || is_of_port(rule));
    all
}

fn port(rule: &str) -> Option<&str> {
    rule.split(' ').skip_while(|word| *word != "--dport").nth(1)
}

/// Control groups of containers whose files lie in `folder`.
pub fn control_groups(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let places = ["data/containers", "own/root/overlay-containers"].map(|place| folder.join(place));
    let kept = places.iter().filter_map(|place| std::fs::read_dir(place).ok()).flatten();
    let ids: Vec<String> =
        kept.flatten().filter_map(|container| container.file_name().into_string().ok()).collect();
    let (mut found, mut ahead) = (Vec::new(), vec![PathBuf::from("/sys/fs/cgroup")]);
    while let Some(group) = ahead.pop() {
        // Another container's may end between the listing and the reading.
        for entry in std::fs::read_dir(&group).into_iter().flatten().flatten() {
            if entry.file_type()?.is_dir() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if ids.iter().any(|id| id.len() == 64 && name.contains(id)) {
                    found.push(entry.path());
                }
                ahead.push(entry.path());
            }
        }
    }
    // Those inside others first.
    found.sort_by_key(|group| std::cmp::Reverse(group.components().count()));
    Ok(found)
}

/// Network namespaces with a name that these processes live in.
fn namespaces(processes: &[Pid]) -> Vec<String> {
    let inode = |path: &Path| std::fs::metadata(path).map(|file| file.ino()).ok();
    let of = |pid: &Pid| inode(Path::new(&format!("/proc/{}/ns/net", pid.as_raw_nonzero())));
    let theirs: Vec<u64> = processes.iter().filter_map(of).collect();
    let named = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let named = named.filter(|entry| inode(&entry.path()).is_some_and(|inode| theirs.contains(&inode)));
    named.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Ends, unmounts and removes all of it. What is not there is no failure.
pub fn clear(folder: &Path, pool: AddressPool) -> std::io::Result<()> {
    let processes = processes(folder)?;
    let namespaces = namespaces(&processes);
    for pid in processes {
        // It may have ended in the meantime, which is what is wanted.
        kill_process(pid, Signal::KILL).ok();
    }
    for point in mounts(folder)? {
        Command::new("umount").arg("--lazy").arg(point).output()?;
    }
    for name in namespaces {
        Command::new("ip").args(["netns", "delete", &name]).output()?;
    }
    let interfaces = interfaces(pool)?;
    for (table, rule) in rules(pool, &interfaces)? {
        // Comments are quoted as a shell reads them.
        let delete = format!("iptables --wait --table {table} --delete {rule}");
        Command::new("sh").args(["-c", &delete]).output()?;
    }
    for interface in interfaces {
        Command::new("ip").args(["link", "delete", &interface]).output()?;
    }
    remove(&control_groups(folder)?);
    Ok(())
}

/// A group is busy until its killed processes are buried, which takes a moment.
fn remove(groups: &[PathBuf]) {
    let gone = |group: &PathBuf| !group.exists() || std::fs::remove_dir(group).is_ok();
    let deadline = Instant::now() + PATIENCE;
    while !groups.iter().all(gone) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Podman writes them for one published port of each of two engines.
    #[test]
    fn rules_of_a_published_port_are_found_by_where_it_leads() {
        let of = |port: u16, address: &str| {
            format!(
                "-A NETAVARK-DN-A48 -s {address}/24 -p tcp -m tcp --dport {port} -j NETAVARK-HOSTPORT-SETMARK\n\
                 -A NETAVARK-DN-A48 -s 127.0.0.1/32 -d 127.0.0.1/32 -p tcp -m tcp --dport {port} -j NETAVARK-HOSTPORT-SETMARK\n\
                 -A NETAVARK-DN-A48 -d 127.0.0.1/32 -p tcp -m tcp --dport {port} -j DNAT --to-destination {address}:6379\n\
                 -A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport {port} -m comment --comment \"id: 73\" -j NETAVARK-DN-A48\n"
            )
        };
        let (pool, other) = (AddressPool::any(), "172.20.0.2");
        let inside = pool.base().replace(".0/20", ".2");
        let saved =
            format!("*nat\n:NETAVARK-DN-A48 - [0:0]\n{}{}COMMIT\n", of(4001, &inside), of(4002, other));
        let found = ours(read(&saved), pool, &[]);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(
            found.iter().all(|(table, rule)| table == "nat" && rule.contains("--dport 4001 ")),
            "{found:?}"
        );
    }
}
