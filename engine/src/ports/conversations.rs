//! Where conversations and their messages live. Messages are written by turns; here they are read.

use super::error::Stored;
use crate::domain::conversation::{Conversation, Summary};
use crate::domain::ids::{ConversationId, MessageId, PersonId, TenantId};
use crate::domain::memory::Owner;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use async_trait::async_trait;
use std::collections::HashMap;

/// Where a page of a list starts: strictly older than this.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    pub updated_at: Timestamp,
    pub id: ConversationId,
}

/// Which conversations a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListFilter {
    /// Only those that are pinned, or that are not.
    pub pinned: Option<bool>,
    /// Those that were removed and can be brought back, instead of all others.
    pub removed: bool,
}

/// One change to a conversation. Each is of its own, so that a title found late moves no head back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConversationEdit {
    Title(Option<String>),
    Pinned(bool),
    /// The branch that ends at this message comes into view.
    Head(MessageId),
    /// The branch through this message comes into view, to its newest end.
    Through(MessageId),
}

#[async_trait]
pub trait Conversations: Send + Sync {
    /// Stores the conversation and, where there is one, its greeting as the first message and head.
    async fn add(&self, conversation: &Conversation, greeting: Option<&Message>) -> Stored<()>;
    async fn find(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: ConversationId,
    ) -> Stored<Option<Conversation>>;
    /// Newest first, keyset-paged.
    async fn list(
        &self,
        tenant: TenantId,
        person: PersonId,
        filter: ListFilter,
        before: Option<Before>,
        limit: i64,
    ) -> Stored<Vec<Conversation>>;
    /// Changes these things, all or none, and leaves the rest alone; `false` where there is no such
    /// conversation, or no such message in it.
    async fn edit(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: ConversationId,
        edits: &[ConversationEdit],
    ) -> Stored<bool>;
    async fn summary(&self, tenant: TenantId, id: ConversationId) -> Stored<Option<Summary>>;
    async fn set_summary(&self, tenant: TenantId, id: ConversationId, summary: &Summary) -> Stored<()>;
}

/// Conversations leave in two steps. Removed, a conversation and everything in it is found by none of the
/// other ports, and comes back as it was; deleted, it is gone.
#[async_trait]
pub trait Removals: Send + Sync {
    /// `false` where there is no such conversation. What is being answered there goes on until it is
    /// stopped, unseen.
    async fn remove(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: ConversationId,
        at: Timestamp,
    ) -> Stored<bool>;
    /// `false` where no such conversation was removed.
    async fn restore(&self, tenant: TenantId, person: PersonId, id: ConversationId) -> Stored<bool>;
    /// Removed before or not, with all its messages, turns and its summary; the ledger keeps what they
    /// cost.
    async fn delete(&self, tenant: TenantId, person: PersonId, id: ConversationId) -> Stored<bool>;
    /// Deletes what was removed before then, in any tenant, longest ago first, at most `limit` of them.
    async fn delete_removed(&self, before: Timestamp, limit: i64) -> Stored<Vec<ConversationId>>;
}

#[async_trait]
pub trait Messages: Send + Sync {
    async fn find(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        id: MessageId,
    ) -> Stored<Option<Message>>;
    /// Those of this person, wherever they were said, in any order; what is gone is left out.
    async fn find_all(&self, tenant: TenantId, person: PersonId, ids: &[MessageId]) -> Stored<Vec<Message>>;
    /// The branch that ends at `leaf`, newest first, at most `limit`, walking up parents.
    async fn branch(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        leaf: MessageId,
        limit: i64,
    ) -> Stored<Vec<Message>>;
    /// For each of these messages that is not the only wording of its place, all of them, oldest first:
    /// what the same author said under the same parent.
    async fn variants(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        of: &[Message],
    ) -> Stored<HashMap<MessageId, Vec<MessageId>>>;
    async fn count(&self, tenant: TenantId, conversation: ConversationId) -> Stored<i64>;
    /// Full-text search over everything this person and companion said to each other, best first.
    /// `words` are plain words; any of them may match. Never fails on odd characters. What is being
    /// answered is found once its turn has ended.
    async fn search(&self, search: &MessageSearch) -> Stored<Vec<Found>>;
}

#[derive(Clone, Debug)]
pub struct MessageSearch {
    pub owner: Owner,
    pub words: Vec<String>,
    /// Messages of this conversation that are newer than `newer_than` are in the window already.
    pub except: Option<(ConversationId, Timestamp)>,
    /// Only what a person said or a model wrote. Greetings and answers that were themselves made of
    /// quotes would be quoted for ever.
    pub first_hand: bool,
    pub limit: i64,
}

#[derive(Clone, Debug)]
pub struct Found {
    pub message: Message,
    /// Larger is better; comparable within one answer only.
    pub score: f64,
}
