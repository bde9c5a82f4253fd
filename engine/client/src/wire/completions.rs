//! A model or a companion asked directly: what goes in, and what its event stream says.
//!
//! A stream that ends without `done` or `error` was interrupted.

use super::models::ModelTarget;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    pub target: ModelTarget,
    /// Oldest first; to a model all of it goes as it is.
    pub messages: Vec<Line>,
    #[serde(default)]
    pub max_tokens: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub speaker: SpeakerView,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerView {
    System,
    Person,
    Companion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinishView {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

/// A whole answer has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionEnd {
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub finish: FinishView,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompletionEvent {
    Text(String),
    Done(CompletionEnd),
    Error(Problem),
}

#[derive(Serialize, Deserialize)]
struct TextBody {
    text: String,
}

impl CompletionEvent {
    /// As one server-sent event.
    pub fn to_frame(&self) -> String {
        fn event(name: &str, body: &impl Serialize) -> String {
            let body = serde_json::to_string(body).expect("the contract's documents are plain data");
            format!("event: {name}\ndata: {body}\n\n")
        }
        match self {
            Self::Text(text) => event("text", &TextBody { text: text.clone() }),
            Self::Done(end) => event("done", end),
            Self::Error(problem) => event("error", problem),
        }
    }

    /// `None` for events this version does not know, and for none of ours.
    pub fn from_parts(name: &str, data: &str) -> Option<Self> {
        match name {
            "text" => serde_json::from_str::<TextBody>(data).ok().map(|body| Self::Text(body.text)),
            "done" => serde_json::from_str(data).ok().map(Self::Done),
            "error" => serde_json::from_str(data).ok().map(Self::Error),
            _ => None,
        }
    }
}
