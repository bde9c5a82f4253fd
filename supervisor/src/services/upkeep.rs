//! Where a service stands, what happens to it, and what is done about it: the words of the table.

use super::fault::{Fault, Trouble};
use engine::domain::time::Timestamp;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not wanted in a container.
    Off,
    /// Wanted. The container engine or a service it needs is missing.
    Waiting,
    /// Asks what is there.
    Looking,
    /// Its image is fetched. What runs of it goes on.
    Fetching,
    /// Its container is made or started.
    Making,
    /// It runs, and has not answered yet.
    Starting,
    Serving {
        since: Timestamp,
        misses: u8,
    },
    /// It answers, and nobody could repair it: the container engine is gone.
    Unwatched {
        misses: u8,
    },
    /// It hangs, and is ended so that it can start again.
    Halting,
    /// It failed, and is tried again when its time has come.
    Resting,
    /// It failed too often, or in a way that trying again does not mend. Tried seldom.
    Parked,
    /// Not wanted any more.
    Leaving,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The plan has it, for the first time or changed.
    Wanted,
    Unwanted,
    /// All it waits for is there.
    Clear,
    /// The container engine or a service it needs is gone.
    Blocked,
    Found(Sight),
    ImageReady,
    Running,
    Answered,
    Silent,
    /// Its process ended.
    Ended(Trouble),
    /// Its container is no more.
    Gone,
    /// What was being done did not work.
    Failed(Trouble),
    Stopped,
    Removed,
    /// The time of its stage is over.
    Due,
    /// Its owner pressed the button.
    Retry,
    /// On its owner's word another container takes the place of the one that serves.
    Anew,
}

/// What an inspection says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    Absent,
    /// A container of ours that the plan would make differently.
    Outdated,
    /// As planned, and not running.
    Idle,
    Runs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Look,
    Fetch,
    /// Puts a new container in the place of whatever is there of this service, and starts it.
    Make,
    Start,
    /// Asks whether it answers, after a pause that the stage gives.
    Probe,
    Stop,
    Remove,
    /// From now on it is used.
    Announce,
    /// Whoever uses it falls back.
    Withdraw,
    /// Its last lines are kept for whoever asks why.
    KeepLog,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upkeep {
    pub stage: Stage,
    /// When the stage's time is over.
    pub due: Option<Timestamp>,
    /// When it failed, within [`WINDOW`].
    pub failures: Vec<Timestamp>,
    pub trouble: Option<Trouble>,
    /// It was parked, and has not yet served for [`SETTLED`]: one more failure parks it again.
    pub on_probation: bool,
    /// How often its process was started since the box was.
    pub starts: u32,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            stage: Stage::Off,
            due: None,
            failures: Vec::new(),
            trouble: None,
            on_probation: false,
            starts: 0,
        }
    }
}

/// Failures further apart do not belong together.
pub const WINDOW: Duration = Duration::from_mins(5);
/// So many within the window, and it is parked.
pub const MOST_FAILURES: usize = 5;
/// Doubled with each failure of the window.
pub const FIRST_REST: Duration = Duration::from_millis(500);
/// After the container engine did not do as it was told.
pub const NEXT_LOOK: Duration = Duration::from_secs(2);
/// Between two tries of a parked one.
pub const PARKED: Duration = Duration::from_mins(10);
/// To its first answer.
pub const STARTUP: Duration = Duration::from_mins(2);
/// Served for that long, what was is forgotten.
pub const SETTLED: Duration = Duration::from_mins(1);
/// Silences in a row after which it counts as hung.
pub const MOST_MISSES: u8 = 3;

impl Upkeep {
    /// Whether it is used by the rest of the box.
    pub fn serves(&self) -> bool {
        matches!(self.stage, Stage::Serving { .. } | Stage::Unwatched { .. })
    }

    pub fn is_wanted(&self) -> bool {
        !matches!(self.stage, Stage::Off | Stage::Leaving)
    }

    pub fn fault(&self) -> Option<Fault> {
        self.trouble.as_ref().map(|trouble| trouble.fault)
    }
}

impl Stage {
    /// As it is told in JSON and on the page.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Waiting => "waiting",
            Self::Looking => "looking",
            Self::Fetching => "fetching",
            Self::Making => "making",
            Self::Starting => "starting",
            Self::Serving { .. } => "serving",
            Self::Unwatched { .. } => "unwatched",
            Self::Halting => "halting",
            Self::Resting => "resting",
            Self::Parked => "parked",
            Self::Leaving => "leaving",
        }
    }
}
