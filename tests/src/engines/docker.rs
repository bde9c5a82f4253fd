//! How a private `dockerd` is started: with its own containerd, below its own folder.

use super::address_pool::AddressPool;
use super::container_engine::Launch;
use crate::process::Home;
use anyhow::Context;

/// Without a default network: `docker0` has one name on a machine, and the program makes its own
/// networks. The storage driver is the daemon's own choice, overlay2 wherever the folder allows it.
pub fn launch(home: &Home, pool: AddressPool) -> anyhow::Result<Launch> {
    let folder = home.path().to_str().context("the temporary folder has an odd name")?;
    // What the machine's own daemon is told in /etc/docker is not for this one.
    std::fs::write(home.path().join("daemon.json"), "{}")?;
    let socket = home.path().join("engine.sock");
    let arguments = [
        "--config-file".to_owned(),
        format!("{folder}/daemon.json"),
        "--data-root".to_owned(),
        format!("{folder}/data"),
        "--exec-root".to_owned(),
        format!("{folder}/exec"),
        "--pidfile".to_owned(),
        format!("{folder}/pid"),
        "--host".to_owned(),
        format!("unix://{folder}/engine.sock"),
        "--bridge".to_owned(),
        "none".to_owned(),
        "--default-address-pool".to_owned(),
        format!("base={},size=24", pool.base()),
        // A cut download goes on once, after five seconds. Its default of five times takes over a minute.
        "--max-download-attempts".to_owned(),
        "1".to_owned(),
    ];
    Ok(Launch { program: "dockerd", arguments: arguments.into(), socket })
}
