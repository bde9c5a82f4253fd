//! What control groups leave to this process: memory and processors, in version 1, 2 and both mixed.
//!
//! A limit may sit on any group between ours and the top of what is mounted, so the whole way up is
//! read and the lowest wins. Says nothing about the host; the caller compares.

use super::source::Machine;

/// Version 1 writes "no limit" as the largest page-aligned number; no machine has this much.
const ABSURD_BYTES: u64 = 1 << 60;

#[derive(Clone, Debug, PartialEq)]
pub struct Limit<T> {
    pub value: T,
    /// The file that said so.
    pub file: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    pub memory_bytes: Option<Limit<u64>>,
    /// Processor time as a number of processors: 1.5 is one and a half.
    pub cpu_quota: Option<Limit<f64>>,
    /// How many processors the group may be placed on.
    pub cpuset: Option<Limit<u32>>,
}

/// What the tightest group above us allows, and how much of it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub most_bytes: u64,
    /// Without what was only read from files and can go; `None` where it is not told.
    pub taken_bytes: Option<u64>,
}

/// `None`: no group limits memory.
pub fn room(machine: &Machine) -> Option<Room> {
    let Limit { value: most_bytes, file } = limits(machine).memory_bytes?;
    let (dir, _) = file.rsplit_once('/')?;
    let number = |name: &str| machine.read(&format!("{dir}/{name}"))?.trim().parse::<u64>().ok();
    let taken = number("memory.current").or_else(|| number("memory.usage_in_bytes"));
    let stat = machine.read(&format!("{dir}/memory.stat")).unwrap_or_default();
    let files = ["total_inactive_file ", "inactive_file "]
        .iter()
        .find_map(|name| stat.lines().find_map(|line| line.strip_prefix(name))?.parse::<u64>().ok());
    Some(Room { most_bytes, taken_bytes: taken.map(|taken| taken.saturating_sub(files.unwrap_or_default())) })
}

pub fn limits(machine: &Machine) -> Limits {
    let mut found = Limits::default();
    for dir in directories(machine, "memory") {
        lower(&mut found.memory_bytes, machine, &dir, "memory.max", |text| text.parse().ok());
        lower(&mut found.memory_bytes, machine, &dir, "memory.limit_in_bytes", |text| text.parse().ok());
        // Inside a container only our own group is mounted; this names what the ones above allow.
        lower(&mut found.memory_bytes, machine, &dir, "memory.stat", |text| {
            text.lines().find_map(|line| line.strip_prefix("hierarchical_memory_limit "))?.parse().ok()
        });
    }
    found.memory_bytes = found.memory_bytes.filter(|limit| limit.value < ABSURD_BYTES);
    for dir in directories(machine, "cpu") {
        lower(&mut found.cpu_quota, machine, &dir, "cpu.max", |text| {
            let (quota, period) = text.split_once(' ')?;
            share(quota, period)
        });
        let period = machine.read(&format!("{dir}/cpu.cfs_period_us")).unwrap_or_default();
        lower(&mut found.cpu_quota, machine, &dir, "cpu.cfs_quota_us", |quota| share(quota, period.trim()));
    }
    for dir in directories(machine, "cpuset") {
        for file in ["cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"] {
            lower(&mut found.cpuset, machine, &dir, file, count_list);
        }
    }
    found
}

fn lower<T: PartialOrd>(
    lowest: &mut Option<Limit<T>>,
    machine: &Machine,
    dir: &str,
    file: &str,
    parse: impl Fn(&str) -> Option<T>,
) {
    let file = format!("{dir}/{file}");
    let Some(value) = machine.read(&file).and_then(|text| parse(text.trim())) else { return };
    if lowest.as_ref().is_none_or(|limit| value < limit.value) {
        *lowest = Some(Limit { value, file });
    }
}

/// `-1` and `max` mean no limit, and so does a period of nothing.
fn share(quota: &str, period: &str) -> Option<f64> {
    let quota: f64 = quota.parse().ok().filter(|quota| *quota > 0.0)?;
    let period: f64 = period.parse().ok().filter(|period| *period > 0.0)?;
    Some(quota / period)
}

/// How many processors a list such as `0-3,8` names.
fn count_list(text: &str) -> Option<u32> {
    let mut count = 0;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count += last.checked_sub(first)? + 1;
    }
    (count > 0).then_some(count)
}

/// Our group's directory for one controller and all above it, in every hierarchy that may hold it.
fn directories(machine: &Machine, controller: &str) -> Vec<String> {
    let groups = machine.read("/proc/self/cgroup").unwrap_or_default();
    let mut found = Vec::new();
    for mount in mounts(machine, controller) {
        let ours = groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            let is_ours = if mount.unified {
                controllers.is_empty()
            } else {
                controllers.split(',').any(|name| name == controller)
            };
            is_ours.then_some(path)
        });
        found.extend(way_up(&mount, ours.unwrap_or("/")));
    }
    found
}

struct Mount {
    /// The group that the mount point shows.
    root: String,
    point: String,
    unified: bool,
}

fn mounts(machine: &Machine, controller: &str) -> Vec<Mount> {
    let table = machine.read("/proc/self/mountinfo").unwrap_or_default();
    let mut found: Vec<Mount> = table.lines().filter_map(|line| mount(line, controller)).collect();
    if found.is_empty() {
        // The usual places, for when the table is hidden from us.
        let usual = |point: &str, unified| Mount { root: "/".to_owned(), point: point.to_owned(), unified };
        found.push(usual("/sys/fs/cgroup", true));
        found.push(usual(&format!("/sys/fs/cgroup/{controller}"), false));
    }
    found
}

fn mount(line: &str, controller: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (root, point) = (place.next()?.to_owned(), place.next()?.to_owned());
    let mut kind = kind.split(' ');
    let unified = match kind.next()? {
        "cgroup2" => true,
        "cgroup" if kind.nth(1)?.split(',').any(|option| option == controller) => false,
        _ => return None,
    };
    Some(Mount { root, point, unified })
}

fn way_up(mount: &Mount, group: &str) -> Vec<String> {
    let below = if mount.root == "/" { Some(group) } else { group.strip_prefix(mount.root.as_str()) };
    // A group outside of what is mounted for us cannot be seen; the mount itself still can.
    let below = below.filter(|path| !path.contains("..")).unwrap_or("").trim_matches('/');
    let mut dirs = Vec::new();
    let mut path = below;
    while !path.is_empty() {
        dirs.push(format!("{}/{path}", mount.point));
        path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    dirs.push(mount.point.clone());
    dirs
}
