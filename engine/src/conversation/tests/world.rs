//! A small world to speak in.

use crate::companions::first::first_companion;
use crate::conversation::context::Context;
use crate::conversation::pictures::ByMessage;
use crate::conversation::recall::{Origin, Recalled};
use crate::domain::ids::{CompanionId, ConversationId, MemoryId, MessageId, PersonId, TenantId, TurnId};
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::person::{Person, PersonState, Role};
use crate::domain::time::Timestamp;
use crate::domain::turn::{Turn, TurnState};
use crate::models::tests::FixedClock;
use std::time::Duration;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));

/// The `n`th message of the only conversation.
pub fn message(n: u128, author: Author, text: &str) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(100 + n)),
        tenant: TENANT,
        conversation: ConversationId(Uuid::from_u128(3)),
        parent: n.checked_sub(1).map(|before| MessageId(Uuid::from_u128(100 + before))),
        author,
        text: text.into(),
        state: MessageState::Complete,
        model: None,
        turn: None,
        attachments: Vec::new(),
        created_at: Timestamp(n as i64),
    }
}

/// Something found elsewhere; without an author it is a memory.
pub fn recalled(said_at: i64, author: Option<Author>, text: &str) -> Recalled {
    let id = Uuid::from_u128(u128::from(text.len() as u64));
    let origin = match author {
        None => Origin::Memory(MemoryId(id)),
        Some(author) => {
            Origin::Message { id: MessageId(id), conversation: ConversationId(Uuid::from_u128(4)), author }
        }
    };
    Recalled { said_at: Timestamp(said_at), origin, text: text.into() }
}

/// Which messages these are.
pub fn said(messages: &[Message]) -> Vec<u128> {
    messages.iter().map(|message| message.id.0.as_u128() - 100).collect()
}

/// Ada says hello to the first companion, with nothing before.
pub fn context() -> Context {
    let person = Person {
        id: PersonId(Uuid::from_u128(2)),
        tenant: TENANT,
        name: "Ada".into(),
        role: Role::Owner,
        state: PersonState::Active,
        created_at: Timestamp(0),
    };
    Context {
        companion: first_companion(TENANT, &FixedClock::with_chance(0)),
        person,
        window: Vec::new(),
        summarised: 0,
        summary: None,
        recalled: Vec::new(),
        brought: ByMessage::new(),
        recall: Duration::ZERO,
        message: message(1000, Author::Person, "hello"),
    }
}

/// A reply in the making, as far as `text`.
pub fn running(text: &str) -> Turn {
    let id = Uuid::nil();
    Turn {
        id: TurnId(id),
        tenant: TenantId(id),
        person: PersonId(id),
        companion: CompanionId(id),
        conversation: ConversationId(id),
        message: MessageId(id),
        reply: MessageId(id),
        state: TurnState::Running,
        text: text.into(),
        given_bytes: 0,
        revision: 0,
        kept_bytes: 0,
        attempt: 1,
        fence: 1,
        lease_until: Timestamp(0),
        stop_requested: false,
        failure: None,
        history: None,
        max_tokens: None,
        recalled: Vec::new(),
        model: None,
        created_at: Timestamp(0),
        finished_at: None,
    }
}
