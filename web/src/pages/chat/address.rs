//! Where a conversation is seen, and a message in it.

use uuid::Uuid;

pub fn address(conversation: Uuid) -> String {
    format!("/chat/{conversation}")
}

/// A message that was found, in the place where it was said.
pub fn found_at(conversation: Uuid, message: Uuid) -> String {
    format!("{}?until={message}#m-{message}", address(conversation))
}
