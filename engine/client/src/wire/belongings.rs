//! What somebody has here as a whole, and the wish to have it gone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldingsView {
    pub conversations: i64,
    pub messages: i64,
    pub attachments: i64,
    pub attachment_bytes: i64,
    pub memories: i64,
    /// Without them nobody could let anybody in: the last owner keeps the account.
    pub may_leave: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureView {
    /// Conversations, messages, files and memories.
    Things,
    /// All of that and the account.
    Account,
}

/// Is answered when it is sure to happen, not when it has.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    pub what: ErasureView,
    /// Their password now.
    pub current: String,
}
