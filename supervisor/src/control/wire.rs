//! What the box says about itself over the control socket.

use serde::{Deserialize, Serialize};

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
