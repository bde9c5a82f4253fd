//! Nearness in meaning. The rows in SQL are the truth; an index can be thrown away and rebuilt.

use super::error::{StoreError, Stored};
use crate::domain::ids::MemoryId;
use crate::domain::memory::{Owner, Scope};
use async_trait::async_trait;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct VectorRow {
    pub memory: MemoryId,
    pub owner: Owner,
    pub scope: Scope,
    /// Which embedder made it; vectors of different models are never compared.
    pub model: String,
    /// Any length; normalised by the index.
    pub vector: Vec<f32>,
}

/// The outbox topic by which an index learns what changed; entries are `VectorNews` as JSON.
pub const VECTOR_TOPIC: &str = "vectors";

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorNews {
    Upsert(VectorRow),
    Forget { owner: Owner, memory: MemoryId },
}

/// Vectors at rest, beside the memories they belong to.
#[async_trait]
pub trait VectorRows: Send + Sync {
    /// Keeps the vector and tells the index through the outbox, both or neither. Where the memory was
    /// forgotten meanwhile, neither happens.
    async fn put(&self, row: &VectorRow) -> Stored<()>;
    /// Everything of one owner and model.
    async fn of_owner(&self, owner: Owner, model: &str) -> Stored<Vec<VectorRow>>;
}

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("this index holds vectors of {expected} numbers, this one has {found}")]
    Dimension { expected: usize, found: usize },
    #[error("a vector holds something that is no finite number")]
    NotFinite,
    /// Recall goes on without it.
    #[error("the vector index cannot be reached: {0}")]
    Unavailable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    pub memory: MemoryId,
    /// Cosine, −1..=1.
    pub similarity: f32,
}

/// One index serves one embedder: `model` and the dimension are fixed when it is made. A vector of
/// zeros has no direction and is near nothing.
#[async_trait]
pub trait VectorIndex: Send + Sync {
    /// Called when the rows are durable, and again where it failed. A batch with an unsound row is
    /// refused whole; another embedder's rows are left out.
    async fn upsert(&self, rows: &[VectorRow]) -> Result<(), IndexError>;
    async fn remove(&self, owner: Owner, ids: &[MemoryId]) -> Result<(), IndexError>;
    /// The nearest of this owner and scope, best first, the same similarity by id. Scope is part of
    /// the query.
    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Near>, IndexError>;
    fn dimension(&self) -> usize;
}
