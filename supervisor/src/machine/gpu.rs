//! A graphics processor that can be used now, told apart from one that is merely installed.
//!
//! Looks at what the driver offers to this process: no vendor tool is run, since those exist without a
//! working driver and hang with a broken one. Vulkan is not claimed.

use super::source::Machine;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GpuKind {
    Nvidia,
    Amd,
    Apple,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gpu {
    pub kind: GpuKind,
    pub usable: bool,
    /// What was seen, and where it is not usable, what is in the way.
    pub evidence: String,
}

/// The first usable one, else the first of which there is a trace, else `None`.
pub fn detect(machine: &Machine) -> Option<Gpu> {
    let found: Vec<Gpu> = [nvidia(machine), amd(machine), apple(machine)].into_iter().flatten().collect();
    found.iter().find(|gpu| gpu.usable).or(found.first()).cloned()
}

fn nvidia(machine: &Machine) -> Option<Gpu> {
    let driver = machine.exists("/proc/driver/nvidia/version");
    let cards: Vec<String> = machine
        .list("/dev")
        .into_iter()
        .filter(|name| name.strip_prefix("nvidia").is_some_and(is_number))
        .map(|name| format!("/dev/{name}"))
        .collect();
    let evidence = match (driver, cards.as_slice()) {
        (false, []) => return None,
        (false, _) => "device nodes are there, but the NVIDIA driver is not loaded".to_owned(),
        (true, []) => "the NVIDIA driver is loaded, but no /dev/nvidia0 is passed to us".to_owned(),
        (true, cards) => {
            let card = cards.iter().find(|card| machine.can_open(card));
            match card {
                Some(card) if machine.can_open("/dev/nvidiactl") => {
                    let evidence =
                        format!("/proc/driver/nvidia/version, /dev/nvidiactl and {card} can be opened");
                    return Some(Gpu { kind: GpuKind::Nvidia, usable: true, evidence });
                }
                Some(_) => "/dev/nvidiactl cannot be opened by this user".to_owned(),
                None => format!("{} cannot be opened by this user", cards.join(", ")),
            }
        }
    };
    Some(Gpu { kind: GpuKind::Nvidia, usable: false, evidence })
}

fn amd(machine: &Machine) -> Option<Gpu> {
    if !machine.exists("/dev/kfd") {
        return None;
    }
    let node = machine.list("/dev/dri").into_iter().find(|name| name.starts_with("renderD"));
    let (usable, evidence) = match node {
        Some(node) if machine.can_open("/dev/kfd") => {
            (true, format!("/dev/kfd can be opened and /dev/dri/{node} is there"))
        }
        Some(_) => (false, "/dev/kfd cannot be opened by this user".to_owned()),
        None => (false, "/dev/kfd is there, but no /dev/dri/renderD node".to_owned()),
    };
    Some(Gpu { kind: GpuKind::Amd, usable, evidence })
}

fn apple(machine: &Machine) -> Option<Gpu> {
    let built_in = machine.platform == "macos" && machine.arch == "aarch64";
    built_in.then(|| Gpu {
        kind: GpuKind::Apple,
        usable: true,
        evidence: "macOS on Apple silicon".to_owned(),
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
