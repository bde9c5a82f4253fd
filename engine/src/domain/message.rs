//! One thing said. Messages never change once stored; another wording is a sibling.

use super::ids::{AttachmentId, ConversationId, MessageId, TenantId, TurnId};
use super::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Author {
    Person,
    Companion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum MessageState {
    Complete,
    /// The person stopped it; what was written so far is kept.
    Stopped,
    /// The model failed under way; what was written so far is kept.
    Cut,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub tenant: TenantId,
    pub conversation: ConversationId,
    pub parent: Option<MessageId>,
    pub author: Author,
    pub text: String,
    pub state: MessageState,
    /// The model that really wrote it; `None` for people, greetings and recall mode.
    pub model: Option<String>,
    /// The turn it belongs to; `None` for greetings and imports.
    pub turn: Option<TurnId>,
    pub attachments: Vec<AttachmentId>,
    pub created_at: Timestamp,
}
