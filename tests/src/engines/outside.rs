//! Somebody outside: a server in a network namespace of its own, behind a cable to this machine.
//!
//! It knows no way back to a container's own address, as nobody on the internet does. What reaches
//! it and is answered has left under this machine's address.

use crate::process::{Home, Process};
use crate::wait;
use anyhow::{Context, ensure};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;
use tokio::net::TcpStream;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);
const PORT: u16 = 6379;

/// A Redis that answers everybody.
pub struct Outside {
    name: String,
    /// This machine's end of the cable, and the other.
    near: Ipv4Addr,
    far: Ipv4Addr,
    server: Option<Process>,
    home: Home,
}

impl Outside {
    /// Only root can lay the cable.
    pub async fn start() -> anyhow::Result<Self> {
        let [third, fourth, ..] = Uuid::new_v4().into_bytes();
        // A pair of the addresses that are kept for trials between networks.
        let fourth = fourth & 0xfc;
        let (near, far) =
            (Ipv4Addr::new(198, 18, third, fourth + 1), Ipv4Addr::new(198, 18, third, fourth + 2));
        let name = format!("we-{third:02x}{fourth:02x}");
        let mut outside = Self { name, near, far, server: None, home: Home::new()? };
        outside.lay()?;
        outside.serve().await?;
        Ok(outside)
    }

    pub fn ip(&self) -> String {
        self.far.to_string()
    }

    /// An address of this machine itself that is not loopback.
    pub fn machine(&self) -> Ipv4Addr {
        self.near
    }

    fn lay(&self) -> anyhow::Result<()> {
        let (name, cable) = (self.name.as_str(), self.cable());
        ip(&["netns", "add", name])?;
        ip(&["link", "add", &cable, "type", "veth", "peer", "name", "far", "netns", name])?;
        ip(&["address", "add", &format!("{}/30", self.near), "dev", &cable])?;
        ip(&["link", "set", &cable, "up"])?;
        ip(&["-n", name, "address", "add", &format!("{}/30", self.far), "dev", "far"])?;
        ip(&["-n", name, "link", "set", "far", "up"])
    }

    async fn serve(&mut self) -> anyhow::Result<()> {
        let (address, port, folder) = (self.ip(), PORT.to_string(), self.home.path().display().to_string());
        let enter = ["netns", "exec", &self.name, "redis-server"];
        let settings =
            ["--bind", &address, "--port", &port, "--protected-mode", "no", "--save", "", "--dir", &folder];
        let arguments = [enter.as_slice(), settings.as_slice()].concat();
        self.server = Some(self.home.start_neighbour("ip", &arguments)?);
        let there = SocketAddr::from((self.far, PORT));
        wait::until("the server outside to listen", SOON, async || Ok(TcpStream::connect(there).await.ok()))
            .await
            .map(drop)
    }

    fn cable(&self) -> String {
        format!("{}h", self.name)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        drop(self.server.take());
        for gone in [ip(&["link", "delete", &self.cable()]), ip(&["netns", "delete", &self.name])] {
            if let Err(error) = gone {
                eprintln!("a cable to the outside stayed behind: {error:#}");
            }
        }
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    let done = Command::new("ip").args(arguments).output().context("ip could not be started")?;
    ensure!(done.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(())
}
