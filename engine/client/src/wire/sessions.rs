//! Sessions of browsers.

use super::people::PersonView;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    pub name: String,
    pub password: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct SessionBegun {
    /// The secret; only the browser keeps it.
    pub token: String,
    pub person: PersonView,
    pub expires_at: i64,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    pub token: String,
}
