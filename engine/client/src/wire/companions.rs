//! Companions, as others see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompanionView {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    pub created_at: i64,
}
