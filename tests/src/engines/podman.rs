//! How a private Podman service is started, as root and as somebody who is not.
//!
//! The unprivileged one gets a mount namespace of its own, with a user, his sub-ids and the device
//! files he needs mounted over the machine's: nobody is added to this machine for a test.

use super::address_pool::AddressPool;
use super::container_engine::Launch;
use crate::process::Home;
use anyhow::{Context, ensure};
use rustix::process::{Resource, getrlimit};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

const USER: &str = "whisperengine-test";
/// Who runs the one without root.
pub const USER_ID: u32 = 60_999;
const SUB_IDS: &str = "700000:65536";

/// In the folder `$1`, as the user `$2`, runs the rest. The namespace ends with its last process.
const AS_SOMEBODY: &str = r#"
set -e
cd "$1"
mount --bind devices/tun /dev/net/tun
for file in passwd group subuid subgid; do mount --bind "etc/$file" "/etc/$file"; done
user=$2
shift 2
exec setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
"#;

pub fn launch(home: &mut Home, pool: AddressPool) -> anyhow::Result<Launch> {
    let folder = write_settings(home, pool)?;
    let socket = home.path().join("own/engine.sock");
    Ok(Launch { program: "podman", arguments: service(&folder), socket })
}

pub fn launch_rootless(home: &mut Home, pool: AddressPool) -> anyhow::Result<Launch> {
    let folder = write_settings(home, pool)?;
    write_user(home.path())?;
    home.set("HOME", format!("{folder}/own"));
    home.set("XDG_RUNTIME_DIR", format!("{folder}/own"));
    let socket = home.path().join("own/engine.sock");
    let user = USER_ID.to_string();
    let wrapper =
        ["--mount", "--propagation", "slave", "sh", "-c", AS_SOMEBODY, "sh", &folder, &user, "podman"];
    let arguments = wrapper.map(str::to_owned).into_iter().chain(service(&folder)).collect();
    Ok(Launch { program: "unshare", arguments, socket })
}

fn service(folder: &str) -> Vec<String> {
    let own = |option: &str, name: &str| [option.to_owned(), format!("{folder}/own/{name}")];
    let places = [
        own("--root", "root"),
        own("--runroot", "run"),
        own("--tmpdir", "libpod"),
        own("--network-config-dir", "networks"),
    ];
    let words = ["--storage-driver", "overlay", "system", "service", "--time", "0"];
    let socket = format!("unix://{folder}/own/engine.sock");
    places.into_iter().flatten().chain(words.map(str::to_owned)).chain([socket]).collect()
}

/// The folder's name, with all that a Podman reads from elsewhere by default.
fn write_settings(home: &mut Home, pool: AddressPool) -> anyhow::Result<String> {
    let folder = home.path().to_str().context("the temporary folder has an odd name")?.to_owned();
    for name in ["", "root", "run", "libpod", "networks", "scratch"] {
        std::fs::create_dir_all(home.path().join("own").join(name))?;
    }
    // Podman asks for more than a machine without CAP_SYS_RESOURCE grants, and then runs nothing.
    let limit = |of, most| getrlimit(of).maximum.unwrap_or(u64::MAX).min(most);
    let (files, processes) = (limit(Resource::Nofile, 65_536), limit(Resource::Nproc, 32_768));
    let settings = format!(
        r#"[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
default_subnet_pools = [{{ base = "{}", size = 24 }}]
"#,
        pool.base()
    );
    std::fs::write(home.path().join("containers.conf"), settings)?;
    // As Docker has it without being told: a registry on this machine needs no certificate.
    let registries = r#"unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "127.0.0.1"
location = "127.0.0.1"
insecure = true
"#;
    std::fs::write(home.path().join("registries.conf"), registries)?;
    home.set("CONTAINERS_CONF", format!("{folder}/containers.conf"));
    home.set("CONTAINERS_REGISTRIES_CONF", format!("{folder}/registries.conf"));
    home.set("TMPDIR", format!("{folder}/own/scratch"));
    Ok(folder)
}

/// The machine's own files with one more user in them, and a device file that he may open.
fn write_user(folder: &Path) -> anyhow::Result<()> {
    let etc = folder.join("etc");
    std::fs::create_dir(&etc)?;
    let lines = [
        ("passwd", format!("{USER}:x:{USER_ID}:{USER_ID}::{}/own:/usr/sbin/nologin\n", folder.display())),
        ("group", format!("{USER}:x:{USER_ID}:\n")),
        ("subuid", format!("{USER}:{SUB_IDS}\n")),
        ("subgid", format!("{USER}:{SUB_IDS}\n")),
    ];
    for (file, line) in lines {
        let of_machine = Path::new("/etc").join(file);
        let text = std::fs::read_to_string(&of_machine)
            .with_context(|| format!("there is no {}", of_machine.display()))?;
        std::fs::write(etc.join(file), text + &line)?;
    }
    let devices = folder.join("devices");
    std::fs::create_dir(&devices)?;
    let mut mknod = Command::new("mknod");
    let made = mknod.args(["--mode", "666"]).arg(devices.join("tun")).args(["c", "10", "200"]).status()?;
    ensure!(made.success(), "mknod could not make a tun device in {}", devices.display());
    for name in ["", "root", "run", "libpod", "networks", "scratch"] {
        chown(folder.join("own").join(name), Some(USER_ID), Some(USER_ID))?;
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o711))?;
    std::fs::set_permissions(folder.join("own"), Permissions::from_mode(0o700))?;
    Ok(())
}
