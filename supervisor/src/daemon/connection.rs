//! One container engine of this machine, and how it likes things done.

use super::sorting::{Doing, sorted};
use crate::containers::endpoint::Endpoint;
use crate::containers::question::ask;
use crate::containers::state::Kind;
use crate::services::fault::{Fault, Trouble};
use bollard::{API_DEFAULT_VERSION, Docker};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For the head of an answer. Streams that follow have longest silences of their own.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Podman says in a word of its own that it runs without root, which bollard does not know.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    #[serde(default)]
    rootless: bool,
    security_options: Option<Vec<String>>,
    docker_root_dir: Option<PathBuf>,
}

#[derive(Clone)]
pub struct Daemon {
    pub(super) docker: Docker,
    /// For questions whose answers are read here: one word that bollard does not know fails its whole answer.
    pub(super) socket: PathBuf,
    root: Option<PathBuf>,
    pub profile: Profile,
}

/// What this engine can and cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub kind: Kind,
    pub is_rootless: bool,
    /// Whether `SELinux` keeps containers from what they do not own.
    pub is_labelled: bool,
}

impl Profile {
    /// Docker leaves a network without masquerading where packets find out and no answer finds back. Podman knows no such
    /// option (it says so in a warning and goes on): there the network has no way out at all.
    pub fn fences_by_internal_network(self) -> bool {
        self.kind == Kind::Podman
    }

    /// Podman with root publishes nothing from a network without a way out, but this machine reaches the container
    /// itself. Without root it is the other way round.
    pub fn is_reached_directly(self) -> bool {
        self.kind == Kind::Podman && !self.is_rootless
    }
}

impl Daemon {
    /// A folder of this machine, or of the one that the engine really runs on.
    pub fn keeps_images_in(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// For calls that are answered only when they are done.
    pub(super) fn waiting(&self, patience: Duration) -> Docker {
        self.docker.clone().with_timeout(patience)
    }

    /// Asks it what it is: the answer decides how containers are made.
    pub async fn connect(endpoint: &Endpoint, kind: Kind) -> Result<Self, Trouble> {
        let Endpoint::Socket(path) = endpoint else {
            let said = format!("{endpoint} is no socket of this machine");
            return Err(Trouble::new(Fault::EngineGone, said));
        };
        let connect = |error| sorted(&error, Doing::Ask);
        let docker =
            Docker::connect_with_unix(&path.display().to_string(), PATIENCE.as_secs(), API_DEFAULT_VERSION)
                .map_err(connect)?;
        let docker = docker.negotiate_version().await.map_err(connect)?;
        let asked = ask(path, "/info", PATIENCE).await;
        let info = asked.ok().and_then(|answer| serde_json::from_slice::<Info>(&answer.body).ok());
        let info =
            info.ok_or_else(|| Trouble::new(Fault::EngineHung, "it does not tell how it is set up"))?;
        let has = |what: &str| info.security_options.iter().flatten().any(|option| option.contains(what));
        let profile =
            Profile { kind, is_rootless: info.rootless || has("rootless"), is_labelled: has("selinux") };
        Ok(Self { docker, socket: path.clone(), root: info.docker_root_dir, profile })
    }
}
