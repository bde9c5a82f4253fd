//! Sessions of browsers.

use super::people::PersonView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    pub name: String,
    pub password: String,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionBegun {
    /// The secret; only the browser keeps it.
    pub token: String,
    pub person: PersonView,
    pub expires_at: i64,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    pub token: String,
}
