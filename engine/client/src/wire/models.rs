//! What can be asked for by name: companions, and the models of the connections as they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelView {
    /// The name to ask for it by.
    pub id: String,
    pub target: ModelTarget,
    /// The connection's name; `None` for companions, who live here.
    pub connection: Option<String>,
    pub created_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelTarget {
    Companion(Uuid),
    Connection(Uuid),
}
