//! The hardware that this process may use: the host's, cut down to what its control group leaves.
//!
//! Every number comes with the evidence for it; one that cannot be read is replaced by a stated guess.

use super::cgroup;
use super::gpu::{self, Gpu};
use super::source::Machine;
use serde::Serialize;
use std::path::Path;

const GIB: f64 = (1_u64 << 30) as f64;
const GUESSED_CORES: u32 = 4;
const GUESSED_RAM_GIB: f64 = 8.0;
const GUESSED_DISK_GIB: f64 = 100.0;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hardware {
    /// Logical processors, at least one.
    pub cores: u32,
    /// Memory as the system counts it, or the group's limit where that is lower.
    pub ram_gib: f64,
    /// Memory as it was bought: firmware keeps a few per cent, and a 32 GiB machine shows 31.1.
    pub counted_ram_gib: f64,
    pub disk_total_gib: f64,
    pub disk_free_gib: f64,
    pub platform: String,
    pub arch: String,
    pub gpu: Option<Gpu>,
}

/// One fact, in words, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    pub what: &'static str,
    pub found: String,
    pub from: String,
}

impl Evidence {
    pub fn new(what: &'static str, found: impl Into<String>, from: impl Into<String>) -> Self {
        Self { what, found: found.into(), from: from.into() }
    }
}

/// Numbers to go by instead of what is found, for "what would happen on such a machine".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Assumed {
    pub cores: Option<u32>,
    pub ram_gib: Option<f64>,
}

/// `data_dir` need not exist: its nearest parent that does is measured.
pub fn detect(machine: &Machine, data_dir: &Path, assumed: Assumed) -> (Hardware, Vec<Evidence>) {
    let limits = cgroup::limits(machine);
    let mut evidence = Vec::new();
    let cores = cores(machine, &limits, assumed.cores, &mut evidence);
    let (ram_gib, counted_ram_gib) = ram(machine, &limits, assumed.ram_gib, &mut evidence);
    let (disk_total_gib, disk_free_gib) = disk(machine, data_dir, &mut evidence);
    let gpu = gpu::detect(machine);
    evidence.push(match &gpu {
        Some(gpu) if gpu.usable => Evidence::new("gpu", "usable", gpu.evidence.as_str()),
        Some(gpu) => Evidence::new("gpu", "present, not usable", gpu.evidence.as_str()),
        None => Evidence::new("gpu", "none", "no driver or device node that we know"),
    });
    let (platform, arch) = (machine.platform.clone(), machine.arch.clone());
    let hardware =
        Hardware { cores, ram_gib, counted_ram_gib, disk_total_gib, disk_free_gib, platform, arch, gpu };
    (hardware, evidence)
}

fn cores(
    machine: &Machine,
    limits: &cgroup::Limits,
    assumed: Option<u32>,
    evidence: &mut Vec<Evidence>,
) -> u32 {
    let (cores, from) = if let Some(cores) = assumed {
        (cores, "assumed on the command line".to_owned())
    } else {
        let visible = machine.visible_cores.map(|cores| (cores, "the scheduler".to_owned()));
        let set = limits.cpuset.as_ref().map(|limit| (limit.value, limit.file.clone()));
        // Half a processor still runs one thread; two and a half run two without being throttled.
        let quota = limits.cpu_quota.as_ref().map(|limit| ((limit.value as u32).max(1), limit.file.clone()));
        [visible, set, quota]
            .into_iter()
            .flatten()
            .min_by_key(|(cores, _)| *cores)
            .unwrap_or((GUESSED_CORES, "a guess: it could not be read".to_owned()))
    };
    evidence.push(Evidence::new("cores", cores.to_string(), from));
    cores
}

fn ram(
    machine: &Machine,
    limits: &cgroup::Limits,
    assumed: Option<f64>,
    evidence: &mut Vec<Evidence>,
) -> (f64, f64) {
    let host = machine.ram_bytes;
    let limit = limits.memory_bytes.as_ref().filter(|limit| host.is_none_or(|host| limit.value < host));
    let (exact, counted, from) = match (assumed, limit, host) {
        (Some(gib), _, _) => (gib, gib, "assumed on the command line".to_owned()),
        (None, Some(limit), _) => {
            let gib = limit.value as f64 / GIB;
            (gib, gib, limit.file.clone())
        }
        (None, None, Some(bytes)) => {
            let gib = bytes as f64 / GIB;
            (gib, as_bought(gib), "the host's memory".to_owned())
        }
        (None, None, None) => (GUESSED_RAM_GIB, GUESSED_RAM_GIB, "a guess: it could not be read".to_owned()),
    };
    let (exact, counted) = (round(exact), round(counted));
    let found = if (exact - counted).abs() < f64::EPSILON {
        format!("{exact} GiB")
    } else {
        format!("{exact} GiB, counted as {counted}")
    };
    evidence.push(Evidence::new("ram", found, from));
    (exact, counted)
}

/// The next multiple of four where at most a twentieth is missing from it.
fn as_bought(gib: f64) -> f64 {
    let next = (gib / 4.0).ceil() * 4.0;
    if next - gib <= next / 20.0 { next } else { gib }
}

fn disk(machine: &Machine, data_dir: &Path, evidence: &mut Vec<Evidence>) -> (f64, f64) {
    let space = data_dir.ancestors().find_map(|dir| (machine.disk)(dir).map(|space| (space, dir)));
    let (total, free, from) = match space {
        Some((space, dir)) => {
            (space.total_bytes as f64 / GIB, space.free_bytes as f64 / GIB, dir.display().to_string())
        }
        None => (GUESSED_DISK_GIB, GUESSED_DISK_GIB, "a guess: it could not be read".to_owned()),
    };
    let (total, free) = (round(total), round(free));
    evidence.push(Evidence::new("disk", format!("{free} of {total} GiB free"), from));
    (total, free)
}

fn round(gib: f64) -> f64 {
    (gib * 100.0).round() / 100.0
}
