//! Texts to vectors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is taken at once.
pub const MOST_TEXTS: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmbeddings {
    pub connection: Uuid,
    /// 1 to 256, none of them empty.
    pub texts: Vec<String>,
    /// The length that is wanted; the model's own where it is left out.
    #[serde(default)]
    pub dimensions: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmbeddingsView {
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// One for each text, in their order.
    pub vectors: Vec<Vec<f32>>,
    /// What went in.
    pub tokens: i64,
}
