//! Turns: one exchange as a resource.

use super::conversations::AuthorView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTurn {
    /// A UUIDv7 of the caller's making: sending it twice is the same turn.
    pub id: Uuid,
    pub text: String,
    /// The message it answers; the head of the branch in view where it is left out.
    #[serde(default)]
    pub parent: Option<Uuid>,
    /// A message of the person's that this one words anew: it becomes its sibling, on a branch of its own.
    #[serde(default)]
    pub instead_of: Option<Uuid>,
    #[serde(default)]
    pub attachments: Vec<Uuid>,
    /// From a continuation: what a client's own history was, in short.
    #[serde(default)]
    pub history: Option<String>,
    /// The longest reply that is wanted.
    #[serde(default)]
    pub max_tokens: Option<i64>,
}

/// Another reply to what an earlier turn answered; it becomes a sibling of the earlier one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReply {
    /// A UUIDv7 of the caller's making: sending it twice is the same turn.
    pub id: Uuid,
    /// Begin with the words of the earlier reply, and go on where it ends.
    #[serde(default)]
    pub go_on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnStateView {
    Running,
    Done,
    Stopped,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TurnView {
    pub id: Uuid,
    pub conversation: Uuid,
    /// The person's message.
    pub message: Uuid,
    /// The reply's id; the message is there once the turn has ended with one.
    pub reply: Uuid,
    pub state: TurnStateView,
    /// The reply as far as it is stored.
    pub text: String,
    pub revision: i64,
    /// The model that answered; `None` while nobody did, and in recall mode.
    pub model: Option<String>,
    pub failure: Option<FailureView>,
    /// Empty in the answer to a message whose reply is still being written; ask for the turn.
    pub attempts: Vec<AttemptView>,
    /// What was said before and shown to the model; of a turn that has ended, asked for by itself.
    #[serde(default)]
    pub recalled: Vec<RecalledView>,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureView {
    pub code: String,
    pub detail: String,
}

/// Something of earlier that the reply was made with, as far as it is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecalledView {
    pub said_at: i64,
    /// `None` for a memory, which nobody in particular said.
    pub author: Option<AuthorView>,
    /// Where it was said; `None` for a memory.
    pub conversation: Option<Uuid>,
    pub message: Option<Uuid>,
    /// Its beginning.
    pub excerpt: String,
}

/// One call to a model: one entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptView {
    pub attempt: i64,
    pub model: Option<String>,
    /// `open`, `done`, `stopped`, `failed` or `interrupted`.
    pub outcome: String,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub estimated: bool,
    pub cost_micros: Option<i64>,
    pub first_token_us: Option<i64>,
}
