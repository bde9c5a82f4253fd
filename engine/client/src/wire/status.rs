//! How the engine is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineStatus {
    pub version: String,
    /// `sqlite` or `postgres`.
    pub store: String,
    pub parts: Vec<PartStatus>,
}

impl EngineStatus {
    pub fn ready(&self) -> bool {
        self.parts.iter().all(|part| part.ok || !part.needed)
    }
}

/// One thing the engine leans on, asked just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartStatus {
    pub name: String,
    pub ok: bool,
    /// Without it nothing can be acknowledged; otherwise the engine goes on, a little poorer.
    pub needed: bool,
    pub detail: String,
}
