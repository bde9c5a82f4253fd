//! What is kept about a person, and where it may surface.

use super::ids::{CompanionId, MemoryId, MessageId, PersonId, TenantId};
use super::time::Timestamp;

/// Whose memories: every search and every index filters by all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Owner {
    pub tenant: TenantId,
    pub person: PersonId,
    pub companion: CompanionId,
}

/// Where a memory may be used; set when it is written, filtered in the query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Scope {
    /// Between this person and this companion, wherever they speak alone.
    Private,
    /// In one shared channel only, named by the platform's own id.
    Channel(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    pub id: MemoryId,
    pub owner: Owner,
    pub scope: Scope,
    /// The message it was taken from; `None` where the person wrote it down directly.
    pub source: Option<MessageId>,
    pub text: String,
    /// 0..=1000.
    pub confidence_permille: i64,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}
