//! What the behaviours are told with: a person, a companion, a conversation, and what they say.

use super::harness::Bench;
use crate::domain::conversation::Conversation;
use crate::domain::ids::{CompanionId, ConversationId, MessageId, PersonId, TenantId, TurnId};
use crate::domain::memory::Owner;
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::time::Timestamp;
use crate::domain::turn::{Turn, TurnState};
use crate::domain::usage::{Outcome, Purpose, Settlement, Tokens, UsageEntry};
use crate::ports::conversations::{ConversationEdit, Conversations};
use crate::ports::turns::{Accepted, Ending, Turns};
use std::time::Duration;

pub const LEASE: Duration = Duration::from_secs(15);

/// One person, one companion, one conversation between them.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    pub tenant: TenantId,
    pub person: PersonId,
    pub companion: CompanionId,
    pub conversation: ConversationId,
}

/// A turn as its owner holds it, with what it was made from.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub turn: Turn,
    pub message: Message,
    pub entry: UsageEntry,
}

impl Talk {
    pub async fn begin(bench: &Bench) -> Self {
        Self::between(bench, Owner { tenant: bench.id(), person: bench.id(), companion: bench.id() }).await
    }

    pub async fn between(bench: &Bench, owner: Owner) -> Self {
        let Owner { tenant, person, companion } = owner;
        let talk = Self { tenant, person, companion, conversation: bench.id() };
        bench.store.add(&talk.new_conversation(bench.now()), None).await.expect("a conversation is stored");
        talk
    }

    pub fn new_conversation(&self, at: Timestamp) -> Conversation {
        Conversation {
            id: self.conversation,
            tenant: self.tenant,
            person: self.person,
            companion: self.companion,
            title: None,
            pinned: false,
            head: None,
            created_at: at,
            updated_at: at,
        }
    }

    pub fn owner(&self) -> Owner {
        Owner { tenant: self.tenant, person: self.person, companion: self.companion }
    }

    /// What the person would say next; nothing is stored yet.
    pub fn exchange(&self, bench: &Bench, parent: Option<MessageId>, text: &str) -> Exchange {
        let (turn, now) = (bench.id::<TurnId>(), bench.now());
        let message = Message {
            id: bench.id(),
            tenant: self.tenant,
            conversation: self.conversation,
            parent,
            author: Author::Person,
            text: text.into(),
            state: MessageState::Complete,
            model: None,
            turn: Some(turn),
            attachments: Vec::new(),
            created_at: now,
        };
        let turn = Turn {
            id: turn,
            tenant: self.tenant,
            person: self.person,
            companion: self.companion,
            conversation: self.conversation,
            message: message.id,
            reply: bench.id(),
            state: TurnState::Running,
            text: String::new(),
            given_bytes: 0,
            revision: 0,
            kept_bytes: 0,
            attempt: 1,
            fence: 1,
            lease_until: now.plus(LEASE),
            stop_requested: false,
            failure: None,
            model: None,
            history: None,
            max_tokens: None,
            recalled: Vec::new(),
            created_at: now,
            finished_at: None,
        };
        let entry = entry(bench, &turn, 1);
        Exchange { turn, message, entry }
    }

    /// Says it and leaves the reply to be written.
    pub async fn ask(&self, bench: &Bench, parent: Option<MessageId>, text: &str) -> Exchange {
        let exchange = self.exchange(bench, parent, text);
        let accepted = exchange.accept(bench).await;
        assert_eq!(accepted, Accepted::New(exchange.turn.clone()));
        exchange
    }

    /// Says it and gets the whole reply; returns its id.
    pub async fn exchange_words(
        &self,
        bench: &Bench,
        parent: Option<MessageId>,
        said: &str,
        replied: &str,
    ) -> MessageId {
        let exchange = self.ask(bench, parent, said).await;
        bench.store.append(&exchange.turn, 0, replied).await.expect("the reply is stored");
        let ending = exchange.ending(bench, replied);
        bench.store.finish(&exchange.turn, &ending).await.expect("the turn is finished");
        bench.clock.advance(Duration::from_secs(1));
        exchange.turn.reply
    }
}

impl Exchange {
    pub async fn accept(&self, bench: &Bench) -> Accepted {
        bench.store.accept(&self.turn, &self.message, &self.entry).await.expect("the store answers")
    }

    pub fn ending(&self, bench: &Bench, text: &str) -> Ending {
        let reply = Message {
            id: self.turn.reply,
            tenant: self.turn.tenant,
            conversation: self.turn.conversation,
            parent: Some(self.message.id),
            author: Author::Companion,
            text: text.into(),
            state: MessageState::Complete,
            model: Some("parrot-1".into()),
            turn: Some(self.turn.id),
            attachments: Vec::new(),
            created_at: bench.now(),
        };
        Ending {
            state: TurnState::Done,
            reply: Some(reply),
            failure: None,
            recalled: Vec::new(),
            settlement: settlement(bench, Outcome::Done),
            jobs: Vec::new(),
            at: bench.now(),
        }
    }
}

pub fn entry(bench: &Bench, turn: &Turn, attempt: i64) -> UsageEntry {
    UsageEntry {
        id: bench.id(),
        tenant: turn.tenant,
        person: turn.person,
        companion: Some(turn.companion),
        turn: Some(turn.id),
        attempt,
        purpose: Purpose::Reply,
        connection: Some(bench.id()),
        model: Some("parrot".into()),
        started_at: bench.now(),
        settlement: None,
    }
}

pub fn settlement(bench: &Bench, outcome: Outcome) -> Settlement {
    Settlement {
        outcome,
        model: Some("parrot-1".into()),
        tokens: Tokens { prompt: 12, completion: 5, estimated: false },
        cost_micros: Some(42),
        first_token_us: Some(1_500),
        finished_at: bench.now(),
    }
}

/// Shorter ways to ask, where several ports share a verb.
impl crate::adapters::sql::store::SqlStore {
    pub async fn find_conversation(&self, talk: Talk) -> Option<Conversation> {
        let found = Conversations::find(self, talk.tenant, talk.person, talk.conversation).await;
        found.expect("the store answers")
    }

    pub async fn edit_conversation(&self, talk: Talk, edit: &ConversationEdit) -> bool {
        let edits = std::slice::from_ref(edit);
        self.edit(talk.tenant, talk.person, talk.conversation, edits).await.expect("the store answers")
    }

    pub async fn find_turn(&self, turn: &Turn) -> Turn {
        let found = Turns::find(self, turn.tenant, turn.person, turn.id).await.expect("the store answers");
        found.expect("the turn is there")
    }
}
