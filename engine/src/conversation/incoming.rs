//! What every front door makes of its event: the one way words come in.

use crate::domain::ids::{AttachmentId, ConversationId, MessageId, PersonId, TenantId, TurnId};
use crate::domain::turn::Turn;
use crate::ports::error::StoreError;

/// Longer messages are files, and are asked to come as such.
pub const LONGEST_MESSAGE_BYTES: usize = 128 * 1024;
pub const MOST_ATTACHMENTS: usize = 16;

#[derive(Clone, Debug)]
pub struct IncomingMessage {
    pub tenant: TenantId,
    pub person: PersonId,
    pub conversation: ConversationId,
    /// Made by the caller: the same id is the same turn, however often it is sent.
    pub turn: TurnId,
    pub text: String,
    pub position: Position,
    pub attachments: Vec<AttachmentId>,
    /// For clients that keep their own history: that history, in short.
    pub history: Option<String>,
    /// The longest reply that is wanted.
    pub max_tokens: Option<i64>,
}

/// Where a message belongs in its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the end of the branch in view.
    Newest,
    /// It answers this message.
    After(MessageId),
    /// It words this message of the person's anew: a sibling of it, on a branch of its own.
    InsteadOf(MessageId),
}

/// Another reply is wanted to what an earlier turn answered.
#[derive(Clone, Copy, Debug)]
pub struct WantedReply {
    pub tenant: TenantId,
    pub person: PersonId,
    pub earlier: TurnId,
    /// Made by the caller: the same id is the same turn, however often it is sent.
    pub turn: TurnId,
    /// It begins with the words of the earlier one.
    pub go_on: bool,
}

impl WantedReply {
    pub fn check(&self) -> Result<(), Refusal> {
        check_turn_id(self.turn)
    }

    /// Whether this is the turn that it asked for.
    pub fn is(&self, turn: &Turn, earlier: &Turn) -> bool {
        turn.id != earlier.id && turn.message == earlier.message && self.go_on == (turn.given_bytes > 0)
    }
}

pub fn cannot_go_on(reason: &str) -> Refusal {
    Refusal::Invalid { field: "go_on", reason: reason.to_owned() }
}

/// Why a message was not taken. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{field}: {reason}")]
    Invalid { field: &'static str, reason: String },
    #[error("no such {what}")]
    Missing { what: &'static str },
    /// Another turn is being answered in this conversation.
    #[error("turn {0} is being answered in this conversation")]
    Busy(TurnId),
    /// The id was used before with other words.
    #[error("this turn id was used before with other words")]
    Different,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IncomingMessage {
    /// Checks what can be checked without looking anything up.
    pub fn check(&self) -> Result<(), Refusal> {
        let invalid = |field, reason: &str| Err(Refusal::Invalid { field, reason: reason.to_owned() });
        check_turn_id(self.turn)?;
        // A file says enough without words.
        if !self.text.is_empty() || self.attachments.is_empty() {
            check_words(&self.text)?;
        }
        if self.attachments.len() > MOST_ATTACHMENTS {
            return invalid("attachments", "more than 16 files");
        }
        let known_form =
            |history: &str| history.len() == 64 && history.bytes().all(|b| b.is_ascii_hexdigit());
        if self.history.as_deref().is_some_and(|history| !known_form(history)) {
            return invalid("history", "as a continuation gave it");
        }
        if self.max_tokens.is_some_and(|most| most < 1) {
            return invalid("max_tokens", "at least 1");
        }
        Ok(())
    }
}

fn check_turn_id(id: TurnId) -> Result<(), Refusal> {
    if id.0.get_version_num() == 7 {
        return Ok(());
    }
    Err(Refusal::Invalid { field: "id", reason: "a turn's id is a UUIDv7".to_owned() })
}

/// Whether these are words that can be kept.
pub fn check_words(text: &str) -> Result<(), Refusal> {
    let invalid = |reason: &str| Err(Refusal::Invalid { field: "text", reason: reason.to_owned() });
    if text.trim().is_empty() {
        return invalid("there is nothing in this message");
    }
    if text.len() > LONGEST_MESSAGE_BYTES {
        return invalid("longer than 128 KiB; send it as a file");
    }
    if text.contains('\0') {
        return invalid("a NUL character cannot be stored");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn message(text: &str) -> IncomingMessage {
        let id = Uuid::now_v7();
        IncomingMessage {
            tenant: TenantId(id),
            person: PersonId(id),
            conversation: ConversationId(id),
            turn: TurnId(id),
            text: text.into(),
            position: Position::Newest,
            attachments: Vec::new(),
            history: None,
            max_tokens: None,
        }
    }

    fn refused_field(message: &IncomingMessage) -> Option<&'static str> {
        match message.check() {
            Err(Refusal::Invalid { field, .. }) => Some(field),
            _ => None,
        }
    }

    #[test]
    fn only_words_that_can_be_kept_are_taken() {
        assert_eq!(refused_field(&message("hello")), None);
        assert_eq!(refused_field(&message(" \n")), Some("text"));
        assert_eq!(refused_field(&message("a\0b")), Some("text"));
        assert_eq!(refused_field(&message(&"x".repeat(LONGEST_MESSAGE_BYTES + 1))), Some("text"));
        assert_eq!(refused_field(&message(&"x".repeat(LONGEST_MESSAGE_BYTES))), None);
        let with =
            |text: &str| IncomingMessage { attachments: vec![AttachmentId(Uuid::now_v7())], ..message(text) };
        assert_eq!(refused_field(&with("")), None);
        assert_eq!(refused_field(&with("a\0b")), Some("text"));
    }

    #[test]
    fn what_a_client_adds_is_looked_at() {
        let history = |text: &str| IncomingMessage { history: Some(text.into()), ..message("hello") };
        assert_eq!(refused_field(&history(&"0f".repeat(32))), None);
        for odd in ["", "0f", &"0g".repeat(32), &"0f".repeat(33)] {
            assert_eq!(refused_field(&history(odd)), Some("history"), "{odd}");
        }
        let limited = |most| IncomingMessage { max_tokens: Some(most), ..message("hello") };
        assert_eq!((refused_field(&limited(1)), refused_field(&limited(0))), (None, Some("max_tokens")));
    }

    #[test]
    fn a_random_id_is_no_turn_id() {
        let odd = IncomingMessage { turn: TurnId(Uuid::new_v4()), ..message("hello") };
        assert_eq!(refused_field(&odd), Some("id"));
    }
}
