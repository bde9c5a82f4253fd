//! Everything that is one person's, wherever it lies: to be counted and taken along, and to be taken away.

use super::error::Stored;
use crate::domain::attachment::Attachment;
use crate::domain::holdings::{HeldConversation, Holdings};
use crate::domain::ids::{AttachmentId, ConversationId, MemoryId, MessageId, PersonId, TenantId, UsageId};
use crate::domain::memory::Memory;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use crate::domain::usage::UsageEntry;
use async_trait::async_trait;

/// Pages come in the order of their ids, strictly after the one that is named, from the first where none
/// is. What was removed and can be brought back is there, too.
#[async_trait]
pub trait Belongings: Send + Sync {
    async fn count(&self, tenant: TenantId, person: PersonId) -> Stored<Holdings>;
    async fn conversations(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<ConversationId>,
        limit: i64,
    ) -> Stored<Vec<HeldConversation>>;
    /// Of every branch, oldest first.
    async fn message_ids(
        &self,
        tenant: TenantId,
        person: PersonId,
        conversation: ConversationId,
    ) -> Stored<Vec<MessageId>>;
    /// Oldest first; what is gone is left out.
    async fn messages(&self, tenant: TenantId, person: PersonId, ids: &[MessageId]) -> Stored<Vec<Message>>;
    async fn attachments(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<AttachmentId>,
        limit: i64,
    ) -> Stored<Vec<Attachment>>;
    async fn memories(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<MemoryId>,
        limit: i64,
    ) -> Stored<Vec<Memory>>;
    async fn usage(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<UsageId>,
        limit: i64,
    ) -> Stored<Vec<UsageEntry>>;
}

/// Takes away what no other port takes away in one step. Each call is a transaction of its own, and doing it
/// again after a crash is fine.
#[async_trait]
pub trait Erasure: Send + Sync {
    /// The oldest conversations that were begun by then, removed or not.
    async fn begun_by(
        &self,
        tenant: TenantId,
        person: PersonId,
        by: Timestamp,
        limit: i64,
    ) -> Stored<Vec<ConversationId>>;
    /// Files that were there by then.
    async fn files_by(
        &self,
        tenant: TenantId,
        person: PersonId,
        by: Timestamp,
        limit: i64,
    ) -> Stored<Vec<AttachmentId>>;
    /// Some of what was remembered by then, with every companion and in every scope; the index is told
    /// through the outbox. How many: none is the end.
    async fn forget_some(&self, tenant: TenantId, person: PersonId, by: Timestamp, limit: i64)
    -> Stored<u64>;
    /// The person with their sessions, keys and platform accounts, and these settings. `false`, and nothing
    /// is done, where things of theirs are left; `true` where they are gone, also from before. Usage and
    /// audit keep an id that is nobody's any more.
    async fn remove_person(&self, tenant: TenantId, person: PersonId, settings: &[String]) -> Stored<bool>;
}
