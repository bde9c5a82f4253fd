//! What people and companions speak in: a tree of messages with one branch in view.

use super::ids::{CompanionId, ConversationId, MessageId, PersonId, TenantId};
use super::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub id: ConversationId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub companion: CompanionId,
    pub title: Option<String>,
    pub pinned: bool,
    /// The newest message of the branch in view; `None` before the first one.
    pub head: Option<MessageId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What was said before the window, told shortly; it covers the branch up to and with `up_to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub text: String,
    pub up_to: MessageId,
}
