//! Ways to reach language models. A key goes in and never comes out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    /// For people; the host's name where it is left out.
    #[serde(default)]
    pub name: Option<String>,
    /// The OpenAI-shaped root, such as `http://127.0.0.1:11434/v1`.
    pub url: String,
    pub model: String,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub context_tokens: Option<i64>,
    #[serde(default)]
    pub continues_text: bool,
}

impl std::fmt::Debug for NewConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewConnection")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("model", &self.model)
            .field("key", &self.key.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}

/// What is left out stays as it is.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    /// An empty one takes the key away. A stored key never goes to another server: with a new address it is
    /// entered again or taken away.
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub context_tokens: Option<i64>,
    #[serde(default)]
    pub continues_text: Option<bool>,
}

impl std::fmt::Debug for ConnectionChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionChange")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("model", &self.model)
            .field("key", &self.key.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}

/// Every connection once, the one that is tried first in front.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionOrder {
    pub order: Vec<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionView {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    pub model: String,
    pub has_key: bool,
    pub context_tokens: i64,
    pub continues_text: bool,
    pub rank: i64,
}

/// What *Test* found: the server answered, and these are its models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionTest {
    pub models: Vec<String>,
    /// Whether the chosen model is among them.
    pub knows_model: bool,
}

/// Asks the usual places on this machine for model servers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Where the box itself answers: these are not asked.
    #[serde(default)]
    pub own_ports: Vec<u16>,
}

/// A server that answered, with what it offers, the best for a companion first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundServer {
    /// What usually answers there.
    pub kind: ServerKind,
    pub url: String,
    pub models: Vec<FoundModel>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerKind {
    Ollama,
    LmStudio,
    LlamaCpp,
    TextGenerationWebui,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundModel {
    pub name: String,
    pub talks: Talks,
}

/// Whether a model can be a companion's, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Talks {
    /// It was made for conversation.
    Yes,
    /// Its name does not tell; most can.
    Maybe,
    /// It was made for writing programs, and can talk.
    AboutCode,
    /// It was made for something else, such as embeddings or speech.
    No,
}
