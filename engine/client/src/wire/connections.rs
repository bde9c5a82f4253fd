//! Ways to reach language models. A key goes in and never comes out.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Serialize, Deserialize)]
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionTest {
    pub models: Vec<String>,
    /// Whether the chosen model is among them.
    pub knows_model: bool,
}
