//! What web asks of the appliance around it. The supervisor implements it.
//!
//! `system` is what its owner sees and does on the system pages.

pub mod system;

use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::Problem;
use engine_client::transport::Transport;
use futures::future::BoxFuture;
use system::{Logs, System};

pub trait Appliance: Send + Sync {
    fn version(&self) -> &str;
    /// `desktop`, `container`, `kubernetes` or `multi_bot`.
    fn mode(&self) -> &str;
    /// Microseconds since the epoch.
    fn now(&self) -> i64;
    /// The way to the engine, or why there is none at this moment. Asked for each request.
    fn engine(&self) -> Result<WayIn, Problem>;
    /// The way to what listens and speaks, or why there is none.
    fn voice(&self) -> Result<WayIn, Problem>;
    /// Whether this is the token that the box printed in its terminal. It opens nothing but the set-up.
    fn setup_token_opens(&self, token: &str) -> bool;
    /// Where the box answers: what looks for servers on this machine must not find itself.
    fn port(&self) -> u16;
    /// When this start of it was, and where its things are.
    fn life(&self) -> Life;
    /// Returns at once; the box ends in order a moment later.
    fn leave(&self, how: Leaving);
    /// What it runs on. Takes no longer where a container engine hangs.
    fn look_around(&self) -> BoxFuture<'_, Ground>;
    /// Looks at the container engines anew; what came of it is in the next `look_around`.
    fn look_again(&self) -> BoxFuture<'_, ()>;
    /// What it leans on and works at.
    fn system(&self) -> &dyn System;
    /// What it wrote down.
    fn logs(&self) -> &dyn Logs;
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

/// The container engine that counts, where there is one, and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEngine {
    pub state: ContainerState,
    pub kind: EngineKind,
    /// Where it has told it.
    pub version: Option<String>,
    /// What exactly was seen, with the place. Partly in the words of whoever answered there.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    NotInstalled,
    Stopped,
    /// It takes calls and does not answer them yet, or nobody has looked to the end yet.
    Starting,
    PermissionDenied,
    /// The engine is older than what the box knows how to talk to.
    ApiTooOld,
    /// The box is.
    ClientTooOld,
    /// Something else listens there.
    NotDocker,
    /// It runs, and not all of it works as it should.
    Degraded,
    Running,
    /// It ran, and is gone.
    Lost,
    /// Nobody looks: the owner said so, or the daemon is elsewhere.
    Disabled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    Docker,
    Podman,
    /// It has not told.
    Unknown,
}

/// A way into a service of the box, with the secret that proves us to be one of its front doors.
#[derive(Clone)]
pub struct WayIn {
    pub transport: Transport,
    pub secret: String,
}

impl WayIn {
    /// For the engine, whose contract this speaks.
    pub fn client(&self, principal: Principal) -> EngineClient {
        EngineClient::new(self.transport.clone(), Some(self.secret.clone()), principal)
    }
}
