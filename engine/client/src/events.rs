//! A turn, followed: what its event stream says.
//!
//! The id of a `text` event is the byte offset behind it, so "the text from there on" is all a reader
//! needs to ask for after a break. After a `reset` the offset counts in a new revision of the text and
//! the id says so: `2:40`. A stream that ends without `done` or `error` was interrupted.

use crate::problem::Problem;
use crate::wire::turns::TurnView;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEvent {
    /// What the companion is doing before its words come.
    Stage(Stage),
    /// More of the reply; `at` is the place behind it.
    Text { at: Place, text: String },
    /// Everything so far is void; the reply starts again.
    Reset { at: Place },
    /// The turn has ended, well or by the person's wish or with a recorded failure.
    Done(Box<TurnView>),
    /// This stream cannot go on; the turn itself may.
    Error(Problem),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Recalling,
    /// The model has the question and has not begun to write.
    Thinking,
    Writing,
}

/// A place in the reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub revision: i64,
    pub offset: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision {
            0 => write!(f, "{}", self.offset),
            revision => write!(f, "{revision}:{}", self.offset),
        }
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a place in a reply: expected an offset such as `40` or `2:40`")]
pub struct NotAPlace;

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (revision, offset) = text.split_once(':').unwrap_or(("0", text));
        let revision = revision.parse::<u32>().map_err(|_| NotAPlace)?;
        let offset = offset.parse::<u32>().map_err(|_| NotAPlace)?;
        Ok(Self { revision: i64::from(revision), offset: offset as usize })
    }
}

#[derive(Serialize, Deserialize)]
struct TextBody {
    text: String,
}

#[derive(Serialize, Deserialize)]
struct StageBody {
    stage: Stage,
}

impl TurnEvent {
    /// Nothing comes after it.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Error(_))
    }

    /// As one server-sent event.
    pub fn to_frame(&self) -> String {
        fn json(body: &impl Serialize) -> String {
            serde_json::to_string(body).expect("the contract's documents are plain data")
        }
        match self {
            Self::Stage(stage) => format!("event: stage\ndata: {}\n\n", json(&StageBody { stage: *stage })),
            Self::Text { at, text } => {
                format!("id: {at}\nevent: text\ndata: {}\n\n", json(&TextBody { text: text.clone() }))
            }
            Self::Reset { at } => format!("id: {at}\nevent: reset\ndata: {{}}\n\n"),
            Self::Done(turn) => format!("event: done\ndata: {}\n\n", json(turn)),
            Self::Error(problem) => format!("event: error\ndata: {}\n\n", json(problem)),
        }
    }

    /// `None` for events this version does not know, and for none of ours.
    pub fn from_parts(id: Option<&str>, name: &str, data: &str) -> Option<Self> {
        let at = || id.and_then(|id| id.parse().ok());
        match name {
            "stage" => serde_json::from_str::<StageBody>(data).ok().map(|body| Self::Stage(body.stage)),
            "text" => {
                let body: TextBody = serde_json::from_str(data).ok()?;
                Some(Self::Text { at: at()?, text: body.text })
            }
            "reset" => Some(Self::Reset { at: at()? }),
            "done" => serde_json::from_str(data).ok().map(Self::Done),
            "error" => serde_json::from_str(data).ok().map(Self::Error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_plain_offset_until_the_text_was_thrown_away() {
        assert_eq!(Place { revision: 0, offset: 40 }.to_string(), "40");
        assert_eq!(Place { revision: 2, offset: 7 }.to_string(), "2:7");
        assert_eq!("2:7".parse(), Ok(Place { revision: 2, offset: 7 }));
        assert_eq!("40".parse(), Ok(Place { revision: 0, offset: 40 }));
        for nonsense in ["", "-1", "a", "1:", "1:2:3", "99999999999"] {
            assert_eq!(nonsense.parse::<Place>(), Err(NotAPlace));
        }
    }
}
