//! What was said before that may matter now: a search over everything this person and this companion
//! said to each other and over what is remembered of it. It finds and dates; it does not judge.

use super::words::worth_searching;
use crate::domain::ids::{ConversationId, MemoryId, MessageId};
use crate::domain::memory::{Memory, Owner, Scope};
use crate::domain::message::{Author, Message};
use crate::domain::time::Timestamp;
use crate::domain::turn::{Reference, Turn};
use crate::ports::conversations::{MessageSearch, Messages};
use crate::ports::error::{StoreError, Stored};
use crate::ports::memories::Memories;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A reply waits no longer than this for what was said before.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    pub said_at: Timestamp,
    pub origin: Origin,
    pub text: String,
}

/// Where recalled words come from. A memory is nobody's in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Memory(MemoryId),
    Message { id: MessageId, conversation: ConversationId, author: Author },
}

impl Recalled {
    pub fn author(&self) -> Option<Author> {
        match self.origin {
            Origin::Memory(_) => None,
            Origin::Message { author, .. } => Some(author),
        }
    }

    pub fn reference(&self) -> Reference {
        match self.origin {
            Origin::Memory(id) => Reference::Memory(id),
            Origin::Message { id, .. } => Reference::Message(id),
        }
    }
}

impl From<Memory> for Recalled {
    fn from(memory: Memory) -> Self {
        Self { said_at: memory.created_at, origin: Origin::Memory(memory.id), text: memory.text }
    }
}

impl From<Message> for Recalled {
    fn from(message: Message) -> Self {
        let Message { id, conversation, author, .. } = message;
        let origin = Origin::Message { id, conversation, author };
        Self { said_at: message.created_at, origin, text: message.text }
    }
}

#[derive(Clone)]
pub struct Recall {
    messages: Arc<dyn Messages>,
    memories: Arc<dyn Memories>,
}

/// What to look for, and what is in view anyway.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub owner: Owner,
    pub text: &'a str,
    /// What was said in this conversation since then.
    pub in_view: (ConversationId, Timestamp),
    pub limit: i64,
}

impl Recall {
    pub fn new(messages: Arc<dyn Messages>, memories: Arc<dyn Memories>) -> Self {
        Self { messages, memories }
    }

    /// Best first, memories before messages. A store that is slow or away costs the recall, not the
    /// reply: both are logged and what was found is returned.
    pub async fn search(&self, question: &Question<'_>) -> Vec<Recalled> {
        let words = worth_searching(question.text);
        if words.is_empty() {
            return Vec::new();
        }
        let search = MessageSearch {
            owner: question.owner,
            words: words.clone(),
            except: Some((question.in_view.0, Timestamp(question.in_view.1.0 - 1))),
            first_hand: true,
            limit: question.limit,
        };
        let both = futures::future::join(
            self.memories.search(question.owner, &Scope::Private, &words, question.limit),
            self.messages.search(&search),
        );
        let Ok((memories, messages)) = tokio::time::timeout(PATIENCE, both).await else {
            tracing::warn!(
                patience_ms = PATIENCE.as_millis() as u64,
                "recall took too long and was left out"
            );
            return Vec::new();
        };
        let memories = found(memories).into_iter().map(|hit| hit.memory.into());
        let messages = found(messages).into_iter().map(|hit| hit.message.into());
        memories.chain(messages).take(usize::try_from(question.limit).unwrap_or(0)).collect()
    }

    /// What a turn was made with, in the order it was shown, as far as it is still there.
    pub async fn of_turn(&self, turn: &Turn) -> Stored<Vec<Recalled>> {
        let owner = Owner { tenant: turn.tenant, person: turn.person, companion: turn.companion };
        let mut said = HashMap::new();
        let asked: Vec<MessageId> = turn.recalled.iter().copied().filter_map(Reference::message).collect();
        for message in self.messages.find_all(turn.tenant, turn.person, &asked).await? {
            said.insert(message.id, message);
        }
        let mut recalled = Vec::new();
        for reference in &turn.recalled {
            recalled.extend(match reference {
                Reference::Message(id) => said.remove(id).map(Recalled::from),
                Reference::Memory(id) => self.memories.find(owner, *id).await?.map(Recalled::from),
            });
        }
        Ok(recalled)
    }
}

fn found<T>(result: Result<Vec<T>, StoreError>) -> Vec<T> {
    result.unwrap_or_else(|error| {
        tracing::warn!(error = %error, "a part of recall failed and was left out");
        Vec::new()
    })
}
