//! How the domain's states are written down: one word each, read back strictly.

use super::query::{Column, Row, Value};
use crate::domain::job::JobState;
use crate::domain::message::{Author, MessageState};
use crate::domain::person::{PersonState, Role};
use crate::domain::turn::TurnState;
use crate::domain::usage::{Outcome, Purpose};
use crate::ports::error::{StoreError, Stored};

macro_rules! kinds {
    ($($kind:ident { $($variant:ident => $word:literal),+ $(,)? })+) => {$(
        impl From<$kind> for Value {
            fn from(kind: $kind) -> Self {
                Self::from(match kind { $($kind::$variant => $word),+ })
            }
        }

        impl Column for $kind {
            fn read(row: &Row, name: &str) -> Stored<Self> {
                let word = String::read(row, name)?;
                match word.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(StoreError::Corrupt { reason: format!("column {name} holds the unknown word {word:?}") }),
                }
            }
        }
    )+};
}

kinds! {
    Author { Person => "person", Companion => "companion" }
    MessageState { Complete => "complete", Stopped => "stopped", Cut => "cut" }
    TurnState { Running => "running", Done => "done", Stopped => "stopped", Failed => "failed" }
    Purpose { Reply => "reply", Title => "title", Summary => "summary", Embedding => "embedding", Direct => "direct" }
    Outcome {
        Open => "open",
        Done => "done",
        Stopped => "stopped",
        Failed => "failed",
        Interrupted => "interrupted",
    }
    JobState {
        Waiting => "waiting",
        Running => "running",
        Done => "done",
        Failed => "failed",
        Cancelled => "cancelled",
    }
    Role { Owner => "owner", Member => "member" }
    PersonState { Invited => "invited", Active => "active", Suspended => "suspended" }
}
