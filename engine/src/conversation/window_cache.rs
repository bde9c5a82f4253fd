//! The end of each conversation's branch, kept near, so that the next turn need not read it again.
//!
//! One entry a conversation, good for the one leaf it ends at: messages never change, so an entry is
//! right or it is not used. It may be lost at any time, and it goes with its conversation.

use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::message::Message;
use crate::ports::cache::{Cache, CacheError};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// A conversation that rests longer is read from the Store again.
const LIFE: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone)]
pub struct WindowCache {
    cache: Arc<dyn Cache>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    leaf: MessageId,
    /// Newest first.
    branch: Vec<Message>,
}

impl WindowCache {
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache }
    }

    /// The branch that ends at `leaf`, newest first, if that is the one that is near.
    pub async fn get(&self, conversation: ConversationId, leaf: MessageId) -> Option<Vec<Message>> {
        let near = self.cache.get(&key(conversation)).await;
        let bytes = near.unwrap_or_else(|error| away(&error))?;
        // An entry of another version is as good as none.
        let entry: Entry = serde_json::from_slice(&bytes).ok()?;
        (entry.leaf == leaf).then_some(entry.branch)
    }

    pub async fn put(&self, conversation: ConversationId, branch: Vec<Message>) {
        let Some(leaf) = branch.first().map(|newest| newest.id) else { return };
        let entry = serde_json::to_vec(&Entry { leaf, branch }).expect("messages are plain data");
        if let Err(error) = self.cache.set(&key(conversation), Bytes::from(entry), LIFE).await {
            away::<()>(&error);
        }
    }

    /// What is removed from the Store is removed here too, from its file as well.
    pub async fn forget(&self, conversation: ConversationId) -> Result<(), CacheError> {
        self.cache.remove(&key(conversation)).await?;
        self.cache.flush().await
    }
}

fn away<T>(error: &CacheError) -> Option<T> {
    tracing::debug!(error = %error, "the window is read from the store");
    None
}

fn key(conversation: ConversationId) -> String {
    format!("window:{conversation}")
}
