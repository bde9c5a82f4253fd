//! Companions, as others see them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanionView {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    pub created_at: i64,
}
