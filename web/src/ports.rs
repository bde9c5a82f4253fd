//! What web asks of the appliance around it. The supervisor implements it.

use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::Problem;
use engine_client::transport::Transport;
use futures::future::BoxFuture;

pub trait Appliance: Send + Sync {
    fn version(&self) -> &str;
    /// `desktop`, `container`, `kubernetes` or `multi_bot`.
    fn mode(&self) -> &str;
    /// Microseconds since the epoch.
    fn now(&self) -> i64;
    /// The way to the engine, or why there is none at this moment. Asked for each request.
    fn engine(&self) -> Result<EngineAccess, Problem>;
    /// Whether this is the token that the box printed in its terminal. It opens nothing but the set-up.
    fn setup_token_opens(&self, token: &str) -> bool;
    /// Where the box answers: what looks for servers on this machine must not find itself.
    fn port(&self) -> u16;
    /// When this start of it was, and where its things are.
    fn life(&self) -> Life;
    /// Returns at once; the box ends in order a moment later.
    fn leave(&self, how: Leaving);
    /// What it runs on. Looks for container engines, which takes a moment where one hangs.
    fn look_around(&self) -> BoxFuture<'_, Ground>;
}

/// This start of the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Microseconds since the epoch; another start has another one.
    pub started_at: i64,
    /// The data directory, as people write it.
    pub place: String,
}

/// How the box ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    Stop,
    /// And starts again, as it was started.
    Restart,
}

/// What the box runs on.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    pub cores: u32,
    pub memory_gib: f64,
    pub disk_free_gib: f64,
    pub graphics: Graphics,
    pub size: Size,
    pub containers: ContainerEngine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graphics {
    None,
    /// There is one, but this user or system cannot use it.
    OutOfReach,
    Usable,
}

/// The tier that the box sizes itself by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Constrained,
    Balanced,
    HighPerformance,
    Enterprise,
}

/// Whether a container engine is there. None is used: everything runs in the box itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerEngine {
    None,
    Docker {
        version: String,
    },
    Podman {
        version: String,
    },
    /// There is a socket, and this user may not open it.
    Closed,
    /// There is a socket, and nobody answers like an engine.
    Silent,
}

/// A way to the engine, with the secret that proves us to be one of its front doors.
#[derive(Clone)]
pub struct EngineAccess {
    pub transport: Transport,
    pub secret: String,
}

impl EngineAccess {
    pub fn client(&self, principal: Principal) -> EngineClient {
        EngineClient::new(self.transport.clone(), Some(self.secret.clone()), principal)
    }
}
