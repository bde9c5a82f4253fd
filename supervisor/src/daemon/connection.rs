//! One container engine of this machine, and how it likes things done.

use super::labels::Labels;
use super::sorting::{Doing, sorted};
use crate::containers::endpoint::Endpoint;
use crate::containers::graphics::HandOver;
use crate::containers::inside::{OwnContainer, Standing, standing};
use crate::containers::question::ask;
use crate::containers::state::Kind;
use crate::services::fault::{Fault, Trouble};
use bollard::{API_DEFAULT_VERSION, Docker};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    /// How it is asked for a graphics card. `None`: it has none to hand on.
    pub graphics: Option<HandOver>,
    /// The container of this engine that the box itself is in.
    pub own: Option<Arc<OwnContainer>>,
}

/// What this engine can and cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub kind: Kind,
    pub is_rootless: bool,
    /// Whether `SELinux` keeps containers from what they do not own.
    pub is_labelled: bool,
    /// Whether the box is in a container of this engine, with a network of its own.
    pub is_around_us: bool,
}

impl Profile {
    /// A network of the box's own has no way out where the box is in it. Elsewhere Docker leaves a network without masquerading where packets find out and no answer finds back. Podman knows no such
    /// option (it says so in a warning and goes on): there the network has no way out at all.
    pub fn fences_by_internal_network(self) -> bool {
        self.kind == Kind::Podman || self.is_around_us
    }

    /// Podman with root publishes nothing from a network without a way out, but this machine reaches the container
    /// itself. Without root it is the other way round. A box in a container is in the services' network.
    pub fn is_reached_directly(self) -> bool {
        self.is_around_us || self.kind == Kind::Podman && !self.is_rootless
    }
}

impl Daemon {
    /// Which one it is, for people: `Docker at /run/docker.sock`.
    pub fn title(&self) -> String {
        format!("{} at {}", self.profile.kind.name(), self.socket.display())
    }

    /// A folder of this machine, or of the one that the engine really runs on.
    pub fn keeps_images_in(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// For calls that are answered only when they are done.
    pub(super) fn waiting(&self, patience: Duration) -> Docker {
        self.docker.clone().with_timeout(patience)
    }

    /// Asks it what it is: the answer decides how containers are made.
    pub async fn connect(
        endpoint: &Endpoint,
        kind: Kind,
        graphics: Option<HandOver>,
    ) -> Result<Self, Trouble> {
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
        let own = match standing(path, Path::new("/"), PATIENCE).await {
            Ok(Standing::Beside) => None,
            Ok(Standing::Inside(own)) => Some(Arc::new(own)),
            Ok(Standing::Elsewhere) => {
                let said = "it does not run the container that this box is in";
                return Err(Trouble::new(Fault::EngineGone, said));
            }
            Err(silence) => {
                let said = format!("which container this box is in was not told: {silence:?}");
                return Err(Trouble::new(Fault::EngineHung, said));
            }
        };
        let profile = Profile {
            kind,
            is_rootless: info.rootless || has("rootless"),
            is_labelled: has("selinux"),
            is_around_us: own.as_ref().is_some_and(|own| !own.is_on_machines_network),
        };
        // Around a box in a container its paths are others.
        let root = info.docker_root_dir.filter(|_| own.is_none());
        Ok(Self { docker, socket: path.clone(), root, profile, graphics, own })
    }

    /// The network in which the box meets its services. One of another kind has another name, for a box that moves into
    /// a container or out of it.
    pub fn network(&self, labels: &Labels) -> String {
        if self.profile.is_around_us { labels.inner_network() } else { labels.network() }
    }

    /// What this engine calls a path of ours.
    pub fn outside(&self, path: &Path) -> Result<PathBuf, Trouble> {
        let Some(own) = &self.own else { return Ok(path.to_owned()) };
        own.outside(path).ok_or_else(|| {
            let said = format!("{} is in no mount of the box's own container", path.display());
            Trouble::new(Fault::Refused, said)
        })
    }
}
