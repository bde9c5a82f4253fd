//! Where memories live.

use super::error::Stored;
use crate::domain::ids::MemoryId;
use crate::domain::memory::{Memory, Owner, Scope};
use crate::domain::time::Timestamp;
use async_trait::async_trait;

#[derive(Clone, Debug)]
pub struct MemoryHit {
    pub memory: Memory,
    /// Larger is better; comparable within one answer only.
    pub score: f64,
}

#[async_trait]
pub trait Memories: Send + Sync {
    async fn remember(&self, memory: &Memory) -> Stored<()>;
    async fn find(&self, owner: Owner, id: MemoryId) -> Stored<Option<Memory>>;
    /// Newest first.
    async fn list(&self, owner: Owner, limit: i64) -> Stored<Vec<Memory>>;
    async fn count(&self, owner: Owner) -> Stored<i64>;
    /// Full text over one scope, best first; any of the words may match.
    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        words: &[String],
        limit: i64,
    ) -> Stored<Vec<MemoryHit>>;
    async fn touch(&self, owner: Owner, ids: &[MemoryId], at: Timestamp) -> Stored<()>;
    /// With its vector; the index is told through the outbox.
    async fn forget(&self, owner: Owner, id: MemoryId) -> Stored<bool>;
}
