//! Models that turn texts into vectors.

use super::models::ModelError;
use async_trait::async_trait;

#[derive(Clone, Debug)]
pub struct EmbeddingRequest {
    /// At least one, none of them empty.
    pub texts: Vec<String>,
    /// The length that is wanted; `None` leaves it to the model.
    pub dimensions: Option<u32>,
    /// Given to the provider and logged on both sides.
    pub request_id: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// As the provider names the model.
    pub model: Option<String>,
    /// One for each text, in their order, all of one length.
    pub vectors: Vec<Vec<f32>>,
    /// `None` where the provider did not count.
    pub tokens: Option<i64>,
    /// Integer micro-dollars; `None` where nobody told a price.
    pub cost_micros: Option<i64>,
}

#[async_trait]
pub trait Embedder: Send + Sync {
    async fn embed(&self, request: &EmbeddingRequest) -> Result<Embeddings, ModelError>;
}
