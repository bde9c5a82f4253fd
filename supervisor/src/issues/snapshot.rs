//! How the box is at one moment: all that checks look at. Made by `gather`; nothing in here asks anybody.

use crate::containers::detect::Detection;
use crate::containers::state::State;
use crate::services::view::ServiceView;
use crate::state::jobs::JobRow;
use crate::state::journal::Open;
use engine::domain::time::Timestamp;
use engine_client::wire::setup::SetupState;
use engine_client::wire::status::EngineStatus;
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct Snapshot {
    pub now: Timestamp,
    /// When the box was started. `None` where none runs.
    pub started_at: Option<Timestamp>,
    /// What is odd about the configuration.
    pub warnings: Vec<String>,
    /// The data directory, and how it is where that could be seen.
    pub root: PathBuf,
    pub directory: Option<Directory>,
    pub disk_free_bytes: Option<u64>,
    pub memory: Option<Memory>,
    /// Whether something is to run in a container.
    pub containers_wanted: bool,
    pub containers: Detection,
    pub services: Vec<ServiceView>,
    pub engine: EngineSeen,
    pub setup: Option<SetupState>,
    /// Steps in the container engine that are not known to have ended.
    pub left_open: Vec<Open>,
    /// The newest first.
    pub jobs: Vec<JobRow>,
    /// Who said nothing.
    pub silent: Vec<Silence>,
}

impl Snapshot {
    /// The box has only just begun to look for container engines.
    pub fn is_still_looking(&self) -> bool {
        self.containers.state == State::Starting && self.containers.seen.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directory {
    Closed,
    /// To other users of this machine.
    Open,
    Unreadable(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub available_bytes: u64,
    pub total_bytes: u64,
}

#[derive(Clone, Debug)]
pub enum EngineSeen {
    Up(EngineStatus),
    /// It does not answer, and why.
    Down(String),
    DoesNotStart(String),
    /// It has not answered yet.
    Silent,
}

/// Whoever was asked and did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub who: &'static str,
    pub why: String,
}
