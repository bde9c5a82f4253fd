//! For clients that keep the history themselves and send all of it each time.

use super::conversations::AuthorView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct History {
    pub companion: Uuid,
    /// Oldest first; the person has the last word.
    pub messages: Vec<ToldMessage>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToldMessage {
    pub author: AuthorView,
    pub text: String,
}

/// What to make a turn of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContinuationView {
    pub conversation: Uuid,
    pub parent: Option<Uuid>,
    /// What is new in the history.
    pub text: String,
    /// Goes into the turn, so that the next call finds it.
    pub history: String,
}
