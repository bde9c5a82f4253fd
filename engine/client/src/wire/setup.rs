//! From an empty box to one with an owner.

use super::connections::NewConnection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetupState {
    pub has_owner: bool,
    pub connections: usize,
    #[serde(default)]
    pub next: SetupStep,
}

/// What is still to be done, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SetupStep {
    Owner,
    /// Keeping the recovery code.
    Recovery,
    /// Seeing what the box found.
    Machine,
    /// Connecting a language model, or not yet.
    Model,
    #[default]
    Done,
}

/// This step was taken or skipped, and those before it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepDone {
    pub step: SetupStep,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    pub owner: String,
    pub password: String,
    #[serde(default)]
    pub connection: Option<NewConnection>,
    /// Somebody goes on through the steps after this one; otherwise none is left open.
    #[serde(default)]
    pub guided: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetupDone {
    pub person: Uuid,
    /// Shown once: the way back in when the password is lost.
    pub recovery_code: String,
}

/// Asks for a new recovery code; the old one ends.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryCode {
    pub person: Uuid,
    pub owner: String,
    pub recovery_code: String,
}

/// Spends a recovery code on a new password; every session of the owner ends.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    pub owner: String,
    pub recovery_code: String,
    pub password: String,
}
