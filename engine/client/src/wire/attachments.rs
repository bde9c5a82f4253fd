//! Files given to the companion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachmentView {
    pub id: Uuid,
    pub name: String,
    pub media_type: String,
    pub size: i64,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    pub created_at: i64,
}
