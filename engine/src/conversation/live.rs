//! News about a turn on the bus: what is written before it is stored, and wishes to its writer.
//!
//! News may be lost; whoever misses some reads the Store, which is never more than a moment behind.

use crate::domain::ids::TurnId;
use bytes::Bytes;
use engine_client::events::Stage;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    Stage(Stage),
    /// Text whose first byte is at `start` of this revision.
    Text {
        revision: i64,
        start: usize,
        text: String,
    },
    /// Another revision began, or the turn ended: read the Store.
    Changed,
}

impl News {
    pub fn to_bytes(&self) -> Bytes {
        Bytes::from(serde_json::to_vec(self).expect("news is plain data"))
    }

    /// `None` for news of another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Where the writer tells.
pub fn topic(turn: TurnId) -> String {
    format!("turn:{turn}")
}

/// What is wished of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Stop,
    /// Somebody came late: tell again what is not stored yet.
    Tell,
}

impl Wish {
    pub fn to_bytes(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Stop => b"stop",
            Self::Tell => b"tell",
        })
    }

    /// `None` for a wish of another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        [Self::Stop, Self::Tell].into_iter().find(|wish| wish.to_bytes() == bytes)
    }
}

/// Where the writer listens for wishes.
pub fn wish_topic(turn: TurnId) -> String {
    format!("turn-wish:{turn}")
}
