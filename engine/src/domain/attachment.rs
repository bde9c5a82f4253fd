//! A file somebody gave us. Its bytes are stored once per content, in chunks, in the Store.

use super::ids::{AttachmentId, PersonId, TenantId};
use super::time::Timestamp;

/// Bytes per stored chunk.
pub const CHUNK_BYTES: usize = 256 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    pub tenant: TenantId,
    pub person: PersonId,
    /// As the person named it, for display only; never a path.
    pub name: String,
    pub media_type: String,
    pub size: i64,
    /// SHA-256 of the content.
    pub hash: [u8; 32],
    pub created_at: Timestamp,
}
