//! What the flows tell: how a service stands, what was done, and what went wrong with its next step.

use super::runner::Unanswered;
use crate::instance::Holder;
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// For whom a service is: one user, or the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    User,
    System,
}

/// How the service stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// `systemd`, `launchd`, `task_scheduler`.
    pub manager: &'static str,
    pub scope: Scope,
    /// A unit is there, and it is ours.
    pub installed: bool,
    /// It is started when the machine, or its user, comes.
    pub enabled: bool,
    pub running: bool,
    pub pid: Option<u32>,
    pub unit: PathBuf,
    /// Whether it needs no login; `None` where that cannot be known.
    pub starts_without_login: Option<bool>,
    /// What stands in the way, for people.
    pub notes: Vec<String>,
}

/// What an install or a removal did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Whether anything is different now.
    pub changed: bool,
    pub scope: Scope,
    pub unit: PathBuf,
    /// One sentence.
    pub said: String,
    /// How to see it.
    pub see: Option<String>,
    pub notes: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(
        "there is no systemd running here, so nothing could start the box after a reboot; start it by hand \
         with: {by_hand}; in a container, let the container's restart policy bring it back"
    )]
    NoManager { by_hand: String },
    #[error("there is no service manager known for {0}; start the box with `whisperengine up`")]
    UnknownPlatform(String),
    #[error("{} was not written by `whisperengine service install` and is left alone; move it away, then run this again", .0.display())]
    Foreign(PathBuf),
    #[error("{unit} is masked, which forbids starting it; allow it with: {next}")]
    Masked { unit: String, next: String },
    #[error("the whole machine has this service already, in {}; remove that one first with: sudo whisperengine service remove", .0.display())]
    OnMachine(PathBuf),
    #[error("{} is in use by {holder}, started by hand; stop it, then run this again", dir.display())]
    RunsByHand { dir: PathBuf, holder: Holder },
    #[error("{what} holds what no unit can carry ({text}); choose one without control characters")]
    Unsayable { what: &'static str, text: String },
    #[error("{0}")]
    Account(String),
    #[error("`{command}` failed: {said}; {next}")]
    Refused { command: String, said: String, next: String },
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error("{} cannot be {verb}: {source}", path.display())]
    File { verb: &'static str, path: PathBuf, source: io::Error },
    #[error("the service is installed, but the box did not stay up; see why with: {see}")]
    DidNotStayUp { see: String },
    #[error("there is no home directory, so there is no place for a service of this user")]
    NoHome,
}
