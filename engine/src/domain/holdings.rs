//! What somebody has here, as a whole: counted, and told for them to take along.

use super::conversation::Conversation;
use super::time::Timestamp;

/// How much it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Removed ones that can still be brought back count, too.
    pub conversations: i64,
    /// On every branch.
    pub messages: i64,
    pub attachments: i64,
    pub attachment_bytes: i64,
    pub memories: i64,
}

impl Holdings {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A conversation with what lists do not tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldConversation {
    pub conversation: Conversation,
    /// `None` for one that was not removed.
    pub removed_at: Option<Timestamp>,
    /// What the companion keeps of what was said before its window.
    pub summary: Option<String>,
}
