//! Where facts about the machine are read from: files under a root, and the few numbers that only the
//! operating system can tell. A test passes a fixture tree instead of `/`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The process's environment, read once in `main` and passed on from there.
pub type Environment = BTreeMap<String, String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    pub total_bytes: u64,
    pub free_bytes: u64,
}

#[derive(Clone, Debug)]
pub struct Machine {
    /// `/`, or a directory that stands in for it.
    pub root: PathBuf,
    /// `linux`, `macos`, `windows`…
    pub platform: String,
    /// `x86_64`, `aarch64`…
    pub arch: String,
    /// Logical processors this process may be scheduled on.
    pub visible_cores: Option<u32>,
    /// The host's memory, whatever a container may use of it.
    pub ram_bytes: Option<u64>,
    /// The space of the filesystem that holds an existing path.
    pub disk: fn(&Path) -> Option<DiskSpace>,
}

impl Machine {
    /// The machine this process runs on.
    pub fn this() -> Self {
        Self {
            root: PathBuf::from("/"),
            platform: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            visible_cores: std::thread::available_parallelism().ok().map(|n| n.get() as u32),
            ram_bytes: host_ram(),
            disk: disk_space,
        }
    }

    /// The text of a file, or `None` where it is absent or closed to us.
    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.under_root(path)).ok()
    }

    pub fn exists(&self, path: &str) -> bool {
        self.under_root(path).exists()
    }

    /// Whether we may really use a device: a node that is there but closed to us is not usable.
    pub fn can_open(&self, path: &str) -> bool {
        File::options().read(true).write(true).open(self.under_root(path)).is_ok()
    }

    /// The names in a directory, sorted; none where it cannot be read.
    pub fn list(&self, path: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.under_root(path)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn under_root(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

fn host_ram() -> Option<u64> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
    Some(system.total_memory()).filter(|bytes| *bytes > 0)
}

#[cfg(unix)]
fn disk_space(path: &Path) -> Option<DiskSpace> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(DiskSpace {
        total_bytes: found.f_blocks * found.f_frsize,
        free_bytes: found.f_bavail * found.f_frsize,
    })
}

#[cfg(not(unix))]
fn disk_space(path: &Path) -> Option<DiskSpace> {
    let disks = sysinfo::Disks::new_with_refreshed_list();
    disks
        .list()
        .iter()
        .filter(|disk| path.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map(|disk| DiskSpace { total_bytes: disk.total_space(), free_bytes: disk.available_space() })
}
