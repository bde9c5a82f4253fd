//! What the box says about itself over the control socket.

use crate::services::fault::Trouble;
use crate::services::name::ServiceName;
use crate::services::view::ServiceView;
use crate::state::choices::Home;
use serde::{Deserialize, Serialize};
use web::ports::system::LogPiece;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxStatus {
    pub version: String,
    pub mode: String,
    pub pid: u32,
    /// Where the public listener answers.
    pub address: String,
    /// Whether it speaks https there.
    #[serde(default)]
    pub secure: bool,
    /// Microseconds since the epoch, UTC.
    pub started_at: i64,
    pub engine: EngineStage,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EngineStage {
    /// Not yet, and why.
    Starting {
        detail: String,
    },
    Ready,
    Stopping,
}

/// A service in a container, as a command reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTold {
    pub name: ServiceName,
    pub stage: String,
    /// Where it answers.
    pub address: Option<String>,
    pub trouble: Option<Trouble>,
}

impl From<&ServiceView> for ServiceTold {
    fn from(view: &ServiceView) -> Self {
        Self {
            name: view.name,
            stage: view.stage.to_owned(),
            address: view.address.map(|address| address.to_string()),
            trouble: view.trouble.clone(),
        }
    }
}

impl ServiceTold {
    pub fn serves(&self) -> bool {
        matches!(self.stage.as_str(), "serving" | "unwatched")
    }

    /// For people, behind its name.
    pub fn sentence(&self) -> String {
        match (&self.trouble, &self.address) {
            (Some(trouble), _) if !self.serves() => {
                format!("{}: it {} ({})", self.stage, trouble.fault.what(), trouble.detail)
            }
            (_, Some(address)) if self.serves() => format!("{} at {address}", self.stage),
            _ => self.stage.clone(),
        }
    }
}

/// Where the Store is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveAsked {
    pub to: Home,
}

/// It begins, and this job tells the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveBegun {
    pub job: String,
}

/// Which of the lines of a service are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesAsked {
    /// Only lines behind this place.
    pub after: Option<String>,
    pub most: usize,
}

/// What a service said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesTold {
    pub lines: Vec<LineTold>,
    pub place: Option<String>,
    /// Nobody could be asked: these are the lines that were kept.
    pub is_kept: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTold {
    /// RFC 3339; empty where it is not known.
    pub at: String,
    pub text: String,
}

impl From<LogPiece> for LinesTold {
    fn from(piece: LogPiece) -> Self {
        let lines = piece.lines.into_iter().map(|line| LineTold { at: line.at, text: line.message });
        Self { lines: lines.collect(), place: piece.place, is_kept: piece.is_kept }
    }
}

/// What is to be repaired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepairAsked {
    pub id: String,
}

/// What was done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairDone {
    pub id: String,
    /// In a sentence, without its full stop.
    pub done: String,
}
