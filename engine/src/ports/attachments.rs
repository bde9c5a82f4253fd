//! Where files live: once per content, in chunks, under a quota.

use super::error::{StoreError, Stored};
use crate::domain::attachment::Attachment;
use crate::domain::ids::{AttachmentId, PersonId, TenantId};
use crate::domain::time::Timestamp;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub struct NewAttachment {
    pub id: AttachmentId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub name: String,
    pub media_type: String,
    pub created_at: Timestamp,
    /// The tenant's bytes in all may not pass this; `OverQuota` otherwise, and nothing is kept.
    pub quota_bytes: i64,
}

/// Why an upload ended early.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The sender broke off; nothing was kept.
    #[error("the upload was cut: {0}")]
    Cut(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait]
pub trait Attachments: Send + Sync {
    /// Reads the stream to its end and stores it; the same content takes no second place.
    async fn store(
        &self,
        new: NewAttachment,
        content: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<Attachment, UploadError>;
    async fn find(&self, tenant: TenantId, person: PersonId, id: AttachmentId) -> Stored<Option<Attachment>>;
    /// The content, chunk by chunk; the hash is checked on the way and a wrong one ends in `Corrupt`.
    async fn read(&self, attachment: &Attachment) -> Stored<BoxStream<'static, Stored<Bytes>>>;
    /// The bytes go when nothing else names them.
    async fn remove(&self, tenant: TenantId, person: PersonId, id: AttachmentId) -> Stored<bool>;
    /// Removes uploads begun before `before` and never finished; returns how many.
    async fn sweep(&self, before: Timestamp) -> Stored<u64>;
}
