//! Detection over fixture trees, and the tier rule with everything derived from it.

use super::cgroup;
use super::derived::{self, Sizing};
use super::gpu::{self, GpuKind};
use super::hardware::{self, Assumed};
use super::mode::{self, Mode};
use super::source::{DiskSpace, Environment, Machine};
use super::tier::{self, Tier};
use std::path::Path;
use tempfile::TempDir;

const GIB: u64 = 1 << 30;

/// A large Linux host; the fixture decides what is left of it.
fn machine(files: &[(&str, &str)]) -> (TempDir, Machine) {
    let root = tempfile::tempdir().expect("a directory");
    for (path, text) in files {
        let path = root.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let machine = Machine {
        root: root.path().to_owned(),
        platform: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        visible_cores: Some(32),
        ram_bytes: Some(256 * GIB),
        disk: |path| {
            (path == Path::new("/")).then_some(DiskSpace { total_bytes: 500 * GIB, free_bytes: 200 * GIB })
        },
    };
    (root, machine)
}

const V2_MOUNT: (&str, &str) =
    ("/proc/self/mountinfo", "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");

#[test]
fn the_lowest_limit_on_the_way_up_wins_in_version_two() {
    let (_root, machine) = machine(&[
        V2_MOUNT,
        ("/proc/self/cgroup", "0::/outer/inner\n"),
        ("/sys/fs/cgroup/outer/inner/memory.max", "max\n"),
        ("/sys/fs/cgroup/outer/memory.max", "2147483648\n"),
        ("/sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n"),
        ("/sys/fs/cgroup/outer/cpu.max", "250000 100000\n"),
        ("/sys/fs/cgroup/outer/inner/cpuset.cpus.effective", "0-3,8\n"),
    ]);
    let limits = cgroup::limits(&machine);
    let memory = limits.memory_bytes.expect("a limit");
    assert_eq!((memory.value, memory.file.as_str()), (2 * GIB, "/sys/fs/cgroup/outer/memory.max"));
    assert_eq!(limits.cpu_quota.map(|limit| limit.value), Some(2.5));
    assert_eq!(limits.cpuset.map(|limit| limit.value), Some(5));
    let (hardware, _) = hardware::detect(&machine, Path::new("/home/x"), Assumed::default());
    assert_eq!((hardware.cores, hardware.ram_gib), (2, 2.0));
}

#[test]
fn what_a_group_allows_is_told_with_what_is_taken_of_it_but_for_what_can_go() {
    let (_root, machine) = machine(&[
        V2_MOUNT,
        ("/proc/self/cgroup", "0::/outer/inner\n"),
        ("/sys/fs/cgroup/outer/memory.max", "2147483648\n"),
        ("/sys/fs/cgroup/outer/memory.current", "900000\n"),
        ("/sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 300000\nactive_file 7\n"),
    ]);
    let room = cgroup::Room { most_bytes: 2 * GIB, taken_bytes: Some(600_000) };
    assert_eq!(cgroup::room(&machine), Some(room));
    let (_root, silent) = self::machine(&[
        V2_MOUNT,
        ("/proc/self/cgroup", "0::/inner\n"),
        ("/sys/fs/cgroup/inner/memory.max", "2147483648\n"),
    ]);
    assert_eq!(cgroup::room(&silent), Some(cgroup::Room { taken_bytes: None, ..room }));
    let (_root, free) = self::machine(&[V2_MOUNT]);
    assert_eq!(cgroup::room(&free), None);
}

#[test]
fn a_container_that_sees_only_its_own_group_is_limited_too() {
    let (_root, machine) = machine(&[
        V2_MOUNT,
        ("/proc/self/cgroup", "0::/\n"),
        ("/sys/fs/cgroup/memory.max", "4294967296\n"),
        ("/sys/fs/cgroup/cpu.max", "50000 100000\n"),
    ]);
    let (hardware, _) = hardware::detect(&machine, Path::new("/"), Assumed::default());
    assert_eq!((hardware.cores, hardware.ram_gib), (1, 4.0));
}

#[test]
fn version_one_is_read_through_the_mounted_root() {
    let (_root, machine) = machine(&[
        (
            "/proc/self/mountinfo",
            "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n\
             35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
             36 31 0:33 /docker/abc /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n",
        ),
        ("/proc/self/cgroup", "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:cpuset:/docker/abc\n"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("/sys/fs/cgroup/memory/memory.stat", "cache 1\nhierarchical_memory_limit 8589934592\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "600000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ("/sys/fs/cgroup/cpuset/cpuset.cpus", "0-7\n"),
    ]);
    let (hardware, _) = hardware::detect(&machine, Path::new("/"), Assumed::default());
    assert_eq!((hardware.cores, hardware.ram_gib), (6, 8.0));
}

#[test]
fn an_absurd_number_and_minus_one_are_no_limits() {
    let (_root, machine) = machine(&[
        (
            "/proc/self/mountinfo",
            "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
             33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
        ),
        ("/proc/self/cgroup", "4:memory:/user\n2:cpu:/user\n"),
        ("/sys/fs/cgroup/memory/user/memory.limit_in_bytes", "9223372036854771712\n"),
        ("/sys/fs/cgroup/cpu/user/cpu.cfs_quota_us", "-1\n"),
        ("/sys/fs/cgroup/cpu/user/cpu.cfs_period_us", "100000\n"),
    ]);
    assert_eq!(cgroup::limits(&machine), cgroup::Limits::default());
    let (hardware, _) = hardware::detect(&machine, Path::new("/"), Assumed::default());
    assert_eq!((hardware.cores, hardware.ram_gib), (32, 256.0));
}

#[test]
fn in_a_hybrid_tree_the_hierarchy_that_limits_wins() {
    let (_root, machine) = machine(&[
        (
            "/proc/self/mountinfo",
            "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
             35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        ),
        ("/proc/self/cgroup", "4:memory:/box\n0::/box.scope\n"),
        ("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1073741824\n"),
        ("/sys/fs/cgroup/unified/box.scope/cgroup.procs", "1\n"),
    ]);
    assert_eq!(cgroup::limits(&machine).memory_bytes.map(|limit| limit.value), Some(GIB));
}

#[test]
fn a_group_outside_of_the_mount_still_obeys_the_mount() {
    let (_root, machine) = machine(&[
        V2_MOUNT,
        ("/proc/self/cgroup", "0::/../../elsewhere\n"),
        ("/sys/fs/cgroup/memory.max", "1073741824\n"),
    ]);
    assert_eq!(cgroup::limits(&machine).memory_bytes.map(|limit| limit.value), Some(GIB));
}

#[test]
fn what_cannot_be_read_is_guessed_and_said_so() {
    let (_root, mut machine) = machine(&[]);
    machine.visible_cores = None;
    machine.ram_bytes = None;
    machine.disk = |_| None;
    let (hardware, evidence) = hardware::detect(&machine, Path::new("/x"), Assumed::default());
    assert_eq!((hardware.cores, hardware.ram_gib, hardware.disk_total_gib), (4, 8.0, 100.0));
    let guesses = evidence.iter().filter(|evidence| evidence.from.contains("guess")).count();
    assert_eq!(guesses, 3);
}

#[test]
fn a_two_gib_group_on_a_large_host_is_tier_one() {
    let (_root, machine) =
        machine(&[V2_MOUNT, ("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "2147483648\n")]);
    let (hardware, _) = hardware::detect(&machine, Path::new("/"), Assumed::default());
    let (tier, _) = tier::choose(Mode::Container, hardware.cores, hardware.counted_ram_gib, None);
    assert_eq!((hardware.cores, tier), (32, Tier::Constrained));
}

#[test]
fn memory_that_firmware_keeps_counts_as_bought() {
    let (_root, mut machine) = machine(&[]);
    machine.ram_bytes = Some(31 * GIB + GIB / 8);
    let (hardware, _) = hardware::detect(&machine, Path::new("/"), Assumed::default());
    assert_eq!((hardware.ram_gib, hardware.counted_ram_gib), (31.13, 32.0));
    machine.ram_bytes = Some(29 * GIB);
    let (hardware, _) = hardware::detect(&machine, Path::new("/"), Assumed::default());
    assert_eq!((hardware.ram_gib, hardware.counted_ram_gib), (29.0, 29.0));
}

#[test]
fn the_disk_of_a_directory_to_come_is_that_of_its_nearest_parent() {
    let (_root, machine) = machine(&[]);
    let (hardware, _) = hardware::detect(&machine, Path::new("/not/there/yet"), Assumed::default());
    assert_eq!((hardware.disk_total_gib, hardware.disk_free_gib), (500.0, 200.0));
}

#[test]
fn a_gpu_is_usable_only_with_driver_and_device() {
    let driver = ("/proc/driver/nvidia/version", "NVRM version");
    let control = ("/dev/nvidiactl", "");
    let (_root, usable) = machine(&[driver, control, ("/dev/nvidia3", "")]);
    assert!(gpu::detect(&usable).is_some_and(|gpu| gpu.usable && gpu.kind == GpuKind::Nvidia));
    for files in [&[driver][..], &[control, ("/dev/nvidia0", "")], &[driver, ("/dev/nvidia0", "")]] {
        let (_root, installed) = machine(files);
        assert!(gpu::detect(&installed).is_some_and(|gpu| !gpu.usable), "{files:?}");
    }
    let (_root, amd) = machine(&[("/dev/kfd", ""), ("/dev/dri/renderD128", "")]);
    assert!(gpu::detect(&amd).is_some_and(|gpu| gpu.usable && gpu.kind == GpuKind::Amd));
    let (_root, none) = machine(&[("/dev/dri/renderD128", ""), ("/usr/bin/nvidia-smi", "")]);
    assert_eq!(gpu::detect(&none), None);
}

#[test]
fn the_mode_follows_from_marks() {
    let bare = Environment::new();
    let pod = Environment::from([("KUBERNETES_SERVICE_HOST".to_owned(), "10.0.0.1".to_owned())]);
    let (_root, desktop) = machine(&[]);
    let (_docker, docker) = machine(&[("/.dockerenv", "")]);
    let (_podman, podman) = machine(&[("/run/.containerenv", "")]);
    assert_eq!(mode::detect(&desktop, &bare).0, Mode::Desktop);
    assert_eq!(mode::detect(&docker, &bare).0, Mode::Container);
    assert_eq!(mode::detect(&podman, &bare).0, Mode::Container);
    assert_eq!(mode::detect(&desktop, &pod).0, Mode::Kubernetes);
    assert_eq!(mode::detect(&docker, &pod).0, Mode::Kubernetes);
}

#[test]
fn the_tier_rule_asks_in_order() {
    let tier = |mode, cores, ram| tier::choose(mode, cores, ram, None).0;
    assert_eq!(tier(Mode::Desktop, 14, 64.0), Tier::Balanced);
    assert_eq!(tier(Mode::Desktop, 16, 64.0), Tier::HighPerformance);
    assert_eq!(tier(Mode::Container, 8, 32.0), Tier::Balanced);
    assert_eq!(tier(Mode::Desktop, 7, 512.0), Tier::Constrained);
    assert_eq!(tier(Mode::Desktop, 64, 31.9), Tier::Constrained);
    assert_eq!(tier(Mode::MultiBot, 1, 1.0), Tier::HighPerformance);
    assert_eq!(tier(Mode::Kubernetes, 64, 512.0), Tier::Enterprise);
}

#[test]
fn a_memory_limit_lowers_the_tier_until_it_fits() {
    let tier = |limit| tier::choose(Mode::Desktop, 16, 64.0, Some(limit)).0;
    assert_eq!(tier(32.0), Tier::HighPerformance);
    assert_eq!(tier(16.0), Tier::HighPerformance);
    assert_eq!(tier(8.0), Tier::Balanced);
    assert_eq!(tier(2.0), Tier::Constrained);
    assert_eq!(tier::choose(Mode::Kubernetes, 16, 64.0, Some(1.0)).0, Tier::Enterprise);
}

#[test]
fn pinning_what_was_derived_changes_nothing() {
    for (cores, ram_gib) in [(2, 2.0), (4, 16.0), (14, 64.0), (32, 256.0), (8, 33.3)] {
        let tier = tier::choose(Mode::Desktop, cores, ram_gib, None).0;
        let free = derived::derive(Sizing { tier, cores, ram_gib, memory_limit_gib: None });
        let pinned_tier = tier::choose(Mode::Desktop, cores, ram_gib, Some(free.memory_limit_gib)).0;
        let sizing = Sizing { tier, cores, ram_gib, memory_limit_gib: Some(free.memory_limit_gib) };
        assert_eq!((pinned_tier, derived::derive(sizing)), (tier, free));
    }
}

#[test]
fn every_tier_has_its_row() {
    let row = |tier, cores, ram_gib| {
        let sizing = Sizing { tier, cores, ram_gib, memory_limit_gib: None };
        let sizes = derived::derive(sizing);
        let advice = derived::recommend(sizing);
        (
            (sizes.threads, sizes.memory_limit_gib, sizes.cache_mib, sizes.pool_size, sizes.local_ai),
            (sizes.preload_models, advice.database, advice.voice, advice.semantic_clustering),
        )
    };
    assert_eq!(row(Tier::Constrained, 2, 8.0), ((2, 2.4, 256, 2, false), (false, "sqlite", true, false)));
    assert_eq!(row(Tier::Balanced, 14, 64.0), ((8, 8.0, 512, 5, true), (false, "postgres", true, true)));
    assert_eq!(
        row(Tier::HighPerformance, 32, 128.0),
        ((16, 16.0, 1024, 10, true), (true, "postgres", true, true))
    );
    assert_eq!(
        row(Tier::Enterprise, 32, 128.0),
        ((4, 4.0, 512, 20, false), (false, "postgres", false, false))
    );
}

#[test]
fn small_memory_means_small_caches() {
    let sizes = |ram_gib, memory_limit_gib| {
        derived::derive(Sizing { tier: Tier::Constrained, cores: 4, ram_gib, memory_limit_gib })
    };
    assert_eq!(sizes(2.0, None).cache_mib, 153);
    assert_eq!(sizes(8.0, None).cached_conversations, 100);
    assert_eq!(sizes(16.0, None).cached_conversations, 1000);
    assert_eq!(sizes(64.0, None).cached_conversations, 5000);
    assert!(sizes(16.0, None).local_ai && !sizes(16.0, Some(1.0)).local_ai);
}
