//! From an empty box to one with an owner.

use super::connections::NewConnection;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetupState {
    pub has_owner: bool,
    pub connections: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    pub owner: String,
    pub password: String,
    #[serde(default)]
    pub connection: Option<NewConnection>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetupDone {
    pub person: Uuid,
    /// Shown once: the way back in when the password is lost.
    pub recovery_code: String,
}

/// Asks for a new recovery code; the old one ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecoveryCode {
    pub person: Uuid,
    pub owner: String,
    pub recovery_code: String,
}

/// Spends a recovery code on a new password; every session of the owner ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    pub owner: String,
    pub recovery_code: String,
    pub password: String,
}
