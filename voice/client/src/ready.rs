//! What is there to listen and to speak with.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyView {
    pub ears: Ability,
    pub mouth: Ability,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    Ready,
    /// There is no model or no program for it. Whoever asks is told what to do about that.
    Missing,
}
