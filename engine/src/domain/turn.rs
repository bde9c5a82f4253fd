//! One exchange as a resource: a message taken, a reply in the making, and who is making it.
//!
//! A turn is owned under a lease with a fencing token. The token grows with every change of owner;
//! a write that carries an older one is refused, so an owner that was only asleep can do no harm.

use super::ids::{CompanionId, ConversationId, MemoryId, MessageId, PersonId, TenantId, TurnId};
use super::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurnState {
    /// Stored, and somebody is (or must be) writing the reply.
    Running,
    Done,
    Stopped,
    Failed,
}

impl TurnState {
    pub fn is_final(self) -> bool {
        self != Self::Running
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub id: TurnId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub companion: CompanionId,
    pub conversation: ConversationId,
    /// The person's message.
    pub message: MessageId,
    /// The id the reply has, or will have once it is finished.
    pub reply: MessageId,
    pub state: TurnState,
    /// The reply as far as it is stored. Offsets into it count bytes.
    pub text: String,
    /// How many bytes of the text an earlier reply gave: this one goes on where that one ended. Attempts
    /// that start again start there.
    pub given_bytes: i64,
    /// How often the text was thrown away to start again; an offset means nothing across revisions.
    pub revision: i64,
    /// How many bytes of the text were there before this revision began: readers of the last one who
    /// are no further may read on, the others start again.
    pub kept_bytes: i64,
    /// Calls to a model begun so far; each has one ledger entry.
    pub attempt: i64,
    pub fence: i64,
    pub lease_until: Timestamp,
    pub stop_requested: bool,
    pub failure: Option<Failure>,
    pub model: Option<String>,
    /// What a client's own history was when it asked, in short; its next call is found by it.
    pub history: Option<String>,
    /// The longest reply that was wanted.
    pub max_tokens: Option<i64>,
    /// What of earlier the reply was made with; empty until the turn has ended.
    pub recalled: Vec<Reference>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl Turn {
    /// What the reply began with.
    pub fn given(&self) -> &str {
        let end = usize::try_from(self.given_bytes).unwrap_or_default();
        self.text.get(..end).unwrap_or_default()
    }
}

/// Something of earlier, named and not repeated: what is forgotten is forgotten here, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    Message(MessageId),
    Memory(MemoryId),
}

impl Reference {
    pub fn message(self) -> Option<MessageId> {
        match self {
            Self::Message(id) => Some(id),
            Self::Memory(_) => None,
        }
    }
}

/// Why a turn failed, in a form the page can explain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// Stable, from the list in the contract: `model_unauthorized`, `model_silent` …
    pub code: String,
    /// One sentence for the log and the message's detail; never the provider's raw body.
    pub detail: String,
}
