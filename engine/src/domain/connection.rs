//! A way to reach language models, in the order they are tried.

use super::ids::{ConnectionId, TenantId};
use super::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub id: ConnectionId,
    pub tenant: TenantId,
    pub name: String,
    /// The OpenAI-shaped root, up to and with `/v1` where the server has one.
    pub base_url: String,
    /// The model asked for, as the provider names it.
    pub model: String,
    /// The provider's key, sealed by the vault.
    pub sealed_key: Option<Vec<u8>>,
    /// Tokens the model can take in all.
    pub context_tokens: i64,
    /// Whether an unfinished answer at the end of the messages is continued rather than answered.
    pub continues_text: bool,
    /// Smaller is tried first.
    pub rank: i64,
    pub created_at: Timestamp,
}
