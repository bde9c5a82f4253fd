//! Who answers: a companion and its character.

use super::ids::{CompanionId, TenantId};
use super::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    pub id: CompanionId,
    pub tenant: TenantId,
    /// Unique in the tenant without regard to case; `/v1` clients use it as `model`.
    pub name: String,
    pub character: Character,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Everything that makes a companion who it is, kept as one versioned document.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Character {
    /// Who it is, in the third person.
    pub description: String,
    /// How it is: traits, temper, what it cares about.
    pub personality: String,
    /// How it talks.
    pub speech: String,
    /// What it says first in a new conversation. `{person}` becomes the person's name.
    pub greeting: String,
    /// Short exchanges that show its voice.
    pub examples: Vec<Exchange>,
    /// Words from the owner to the model that belong to no other field.
    pub instructions: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exchange {
    pub person: String,
    pub companion: String,
}
