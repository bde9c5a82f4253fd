//! What repairs may do to the box, and how they fail.

use crate::config::data_dir::DataDir;
use crate::containers::detect::Detection;
use crate::services::fault::Trouble;
use crate::services::name::ServiceName;
use crate::state::choices::Home;
use crate::state::open::{State, StateError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The box as a repair sees it. All that changes the container engine goes through the keeper of services, which
/// writes it down first.
pub trait Ground: Send + Sync {
    fn state(&self) -> &State;
    fn directory(&self) -> &DataDir;
    /// As the plan names it. `None`: the service is not planned, or its image is the box's own.
    fn image_of(&self, service: ServiceName) -> impl Future<Output = Option<String>> + Send;
    fn retry(&self, service: ServiceName) -> impl Future<Output = ()> + Send;
    fn choose(&self, service: ServiceName, home: Home)
    -> impl Future<Output = Result<(), StateError>> + Send;
    fn look_again(&self) -> impl Future<Output = Arc<Detection>> + Send;
    /// `None`: no container engine is there.
    fn tidy(&self) -> impl Future<Output = Option<Result<(), Trouble>>> + Send;
}

#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error("no issue is called {0}; `whisperengine repair` lists what can be repaired")]
    Unknown(String),
    #[error("the box cannot settle {id} by itself; next: {next}")]
    ByHand { id: String, next: String },
    #[error("whether that still needs repair could not be seen: {0} did not answer; try again in a moment")]
    Unsure(&'static str),
    #[error("the repair has taken too long; look at the issues again in a moment")]
    TookTooLong,
    #[error("that needs the running box; start it with `whisperengine up`")]
    NotRunning,
    #[error("no container engine is there to be tidied; start it first")]
    NoEngine,
    #[error("the box cannot do without {0} in a container")]
    NoStandIn(ServiceName),
    #[error("the box's own records could not be written")]
    Records(#[from] StateError),
    #[error("the container engine refused: {0}")]
    Engine(#[from] Trouble),
    #[error("{} could not be closed to others: {source}", path.display())]
    Directory { path: PathBuf, source: io::Error },
}
