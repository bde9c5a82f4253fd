//! What was said before that may matter now: a search over everything this person and this companion
//! said to each other and over what is remembered of it. It finds and dates; it does not judge.

use super::words::worth_searching;
use crate::domain::ids::ConversationId;
use crate::domain::memory::{Owner, Scope};
use crate::domain::message::Author;
use crate::domain::time::Timestamp;
use crate::ports::conversations::{MessageSearch, Messages};
use crate::ports::error::StoreError;
use crate::ports::memories::Memories;
use std::sync::Arc;
use std::time::Duration;

/// A reply waits no longer than this for what was said before.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    pub said_at: Timestamp,
    /// `None` for a memory, which nobody in particular said.
    pub author: Option<Author>,
    pub text: String,
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
        let memories = found(memories).into_iter().map(|hit| Recalled {
            said_at: hit.memory.created_at,
            author: None,
            text: hit.memory.text,
        });
        let messages = found(messages).into_iter().map(|hit| Recalled {
            said_at: hit.message.created_at,
            author: Some(hit.message.author),
            text: hit.message.text,
        });
        memories.chain(messages).take(usize::try_from(question.limit).unwrap_or(0)).collect()
    }
}

fn found<T>(result: Result<Vec<T>, StoreError>) -> Vec<T> {
    result.unwrap_or_else(|error| {
        tracing::warn!(error = %error, "a part of recall failed and was left out");
        Vec::new()
    })
}
