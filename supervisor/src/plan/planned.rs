//! One container as the box wants it. What changes here changes its fingerprint, and only then is a container
//! made anew.

use crate::services::name::ServiceName;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    pub service: ServiceName,
    pub image: ImageWish,
    pub command: Vec<String>,
    /// Never a secret.
    pub environment: Vec<(String, String)>,
    pub user: User,
    /// A folder of this machine with the service's secrets, seen read-only at [`SECRETS`].
    pub secrets: PathBuf,
    /// A folder of this machine with speech models, seen read-only at [`MODELS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<PathBuf>,
    /// Where it keeps what must last: a volume of its own, at this path.
    pub keeps: Option<String>,
    /// Paths it may write that are forgotten with it.
    pub scratch: Vec<String>,
    /// Where it answers, inside.
    pub port: u16,
    pub memory_bytes: u64,
    pub processes: u32,
    /// What of root's power it needs to set itself up.
    pub capabilities: Vec<String>,
    /// Whether it gets a graphics card where the container engine hands one on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub graphics: bool,
    /// Whether it has to reach the outside: model providers.
    pub reaches_out: bool,
    pub probe: Probe,
    /// From the polite word to the hard one.
    pub grace_seconds: u32,
}

/// Where secrets are seen in every container.
pub const SECRETS: &str = "/run/secrets";
/// Where models are seen in a container that has them.
pub const MODELS: &str = "/models";

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageWish {
    /// As registries name it, with or without a digest.
    Named(String),
    /// The box's own, in this version.
    Own,
}

/// As whom it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum User {
    /// As its image says.
    OfImage,
    /// A number inside, which is nobody outside.
    Inside(u32),
    /// Whoever owns the box's data, who can read what is theirs.
    OfBox { uid: u32, gid: u32 },
}

/// How it is asked whether it serves: a round trip as its users make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    Redis,
    Postgres,
    Engine,
    Voice,
}

impl Planned {
    /// Of all that a container is made from. Kept as a label, to tell whether one that is there is still right.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_vec(self).expect("a plan is plain data");
        Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}
