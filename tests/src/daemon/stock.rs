//! What the engine has: containers, images, networks, volumes. Plain data, and how the API shows it.

use super::script::Image;
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::sync::watch;
use uuid::Uuid;

pub(super) type Labels = BTreeMap<String, String>;

#[derive(Default)]
pub(super) struct Stock {
    pub containers: Vec<Container>,
    pub networks: Vec<Network>,
    pub volumes: Vec<Volume>,
    pub images: BTreeMap<String, Image>,
    /// The labels of those that were built here.
    pub built: Vec<Labels>,
    /// What a pull of a reference brings; whatever is not here is made up, the same each time.
    pub registry: BTreeMap<String, Image>,
    /// Every image whose name begins so is there.
    pub everything_of: Option<String>,
}

pub(super) struct Container {
    pub id: String,
    pub name: String,
    pub labels: Labels,
    /// As it was asked for.
    pub body: Value,
    pub image: String,
    /// The network it was first started in. As in Docker, it wants that very one again.
    pub network: Option<String>,
    /// Names of networks it was connected to later.
    pub joined: Vec<String>,
    pub life: Life,
    pub starts: usize,
}

#[derive(Clone)]
pub(super) enum Life {
    Created,
    Running { pid: Pid, ended: watch::Receiver<bool>, politely: Signal },
    Ended { code: i32, greedy: bool },
}

pub(super) struct Network {
    pub id: String,
    pub name: String,
    pub labels: Labels,
}

pub(super) struct Volume {
    pub name: String,
    pub labels: Labels,
}

impl Stock {
    pub fn container(&mut self, named: &str) -> Option<&mut Container> {
        let bare = named.trim_start_matches('/');
        self.containers.iter_mut().find(|one| one.name == bare || one.id == named)
    }

    pub fn network(&self, named: &str) -> Option<&Network> {
        self.networks.iter().find(|one| one.id == named || one.name == named)
    }

    pub fn image(&self, named: &str) -> Option<(&String, &Image)> {
        self.images.iter().find(|(reference, image)| *reference == named || image.id == named)
    }

    /// As a story may have it: built long ago, under whatever name it is asked for.
    pub fn had_all_along(&mut self, named: &str) {
        if self.everything_of.as_ref().is_some_and(|start| named.starts_with(start)) {
            self.pull(named);
        }
    }

    /// Puts what the registry has under this reference into the store.
    pub fn pull(&mut self, reference: &str) -> Image {
        let offered = self.registry.get(reference).cloned();
        let image = offered.unwrap_or_else(|| made_up(reference));
        self.images.insert(reference.to_owned(), image.clone());
        image
    }
}

impl Container {
    pub fn shown(&self) -> Value {
        let never = "0001-01-01T00:00:00Z";
        let (status, code, greedy, begun) = match &self.life {
            Life::Created => ("created", 0, false, never),
            Life::Running { .. } => ("running", 0, false, "2026-01-01T00:00:00Z"),
            Life::Ended { code, greedy } => ("exited", *code, *greedy, "2026-01-01T00:00:00Z"),
        };
        let networks: BTreeMap<_, _> = self.networks().into_iter().map(|name| (name, json!({}))).collect();
        json!({
            "Id": self.id,
            "Name": format!("/{}", self.name),
            "Image": self.image,
            "State": {
                "Status": status, "Running": status == "running", "Paused": false, "Restarting": false, "Dead": false,
                "OOMKilled": greedy, "ExitCode": code, "Error": "", "StartedAt": begun, "FinishedAt": never,
            },
            "Config": {"Labels": self.labels, "Image": self.body["Image"], "Cmd": self.body["Cmd"]},
            "HostConfig": self.body["HostConfig"],
            "NetworkSettings": {"Networks": networks},
        })
    }

    pub fn listed(&self) -> Value {
        let state = if self.runs() { "running" } else { "exited" };
        json!({"Id": self.id, "Names": [format!("/{}", self.name)], "Labels": self.labels, "State": state})
    }

    pub fn runs(&self) -> bool {
        matches!(self.life, Life::Running { .. })
    }

    /// Names of the networks it is in: those it asked for first.
    pub fn networks(&self) -> Vec<String> {
        let endpoints = self.body["NetworkingConfig"]["EndpointsConfig"].as_object();
        let asked = endpoints.into_iter().flat_map(|all| all.keys().cloned());
        asked.chain(self.joined.iter().cloned()).collect()
    }

    /// The port inside and the one of this machine.
    pub fn ports(&self) -> Option<(u16, u16)> {
        let (inside, bindings) = self.body["HostConfig"]["PortBindings"].as_object()?.iter().next()?;
        let inside = inside.split('/').next()?.parse().ok()?;
        Some((inside, bindings[0]["HostPort"].as_str()?.parse().ok()?))
    }
}

impl Network {
    pub fn shown(&self) -> Value {
        json!({"Id": self.id, "Name": self.name, "Labels": self.labels, "Driver": "bridge", "Scope": "local"})
    }
}

impl Volume {
    pub fn shown(&self) -> Value {
        json!({
            "Name": self.name, "Labels": self.labels, "Driver": "local", "Scope": "local",
            "Mountpoint": format!("/var/lib/fake/{}", self.name), "Options": {},
        })
    }
}

pub(super) fn labels(of: &Value) -> Labels {
    serde_json::from_value(of.clone()).unwrap_or_default()
}

pub(super) fn new_id() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Of this machine's processor, with an id that follows from its name.
pub(super) fn made_up(reference: &str) -> Image {
    let sum = reference.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    Image {
        id: format!("sha256:{sum:064x}"),
        digest: format!("sha256:{:064x}", sum ^ 1),
        architecture: architecture.to_owned(),
    }
}
