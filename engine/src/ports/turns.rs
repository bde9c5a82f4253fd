//! Where turns live, and the fence around each: one owner writes, everybody else is refused.

use super::error::Stored;
use crate::domain::ids::{ConversationId, PersonId, TenantId, TurnId};
use crate::domain::job::Job;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use crate::domain::turn::{Failure, Turn, TurnState};
use crate::domain::usage::{Settlement, UsageEntry};
use async_trait::async_trait;

/// What `accept` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    New(Turn),
    /// The same turn was taken before; this is how it stands.
    Known(Turn),
    /// The id is known with other words: the caller made a mistake.
    Different,
    /// Another turn is being answered in this conversation.
    Busy(TurnId),
}

/// How a turn ended, written in one transaction.
#[derive(Clone, Debug)]
pub struct Ending {
    pub state: TurnState,
    /// The reply row; `None` where nothing was written and nothing is to be shown.
    pub reply: Option<Message>,
    pub failure: Option<Failure>,
    pub settlement: Settlement,
    pub jobs: Vec<Job>,
    pub at: Timestamp,
}

#[async_trait]
pub trait Turns: Send + Sync {
    /// Stores the person's message, the turn (owned, with fence 1), its first ledger entry, and
    /// moves the conversation's head, all or nothing. Durable when it returns.
    async fn accept(&self, turn: &Turn, message: &Message, entry: &UsageEntry) -> Stored<Accepted>;
    async fn find(&self, tenant: TenantId, person: PersonId, id: TurnId) -> Stored<Option<Turn>>;
    /// The turn being answered in this conversation.
    async fn running(&self, tenant: TenantId, conversation: ConversationId) -> Stored<Option<Turn>>;
    /// Takes over one running turn whose lease ended before `now`, in any tenant: the fence and the
    /// attempt grow, the dead attempt is settled as interrupted. Atomic between racing owners.
    async fn take_over(&self, now: Timestamp, until: Timestamp) -> Stored<Option<Turn>>;
    /// Extends the lease and tells whether a stop was asked for; `Fenced` where it was lost.
    async fn renew(&self, turn: &Turn, until: Timestamp) -> Stored<bool>;
    /// Adds text at byte `offset`, which must be where the stored text ends; `Fenced` otherwise.
    async fn append(&self, turn: &Turn, offset: usize, text: &str) -> Stored<()>;
    /// Begins another attempt: settles the last one and opens `entry`. With `discard`, the text so
    /// far is thrown away and the revision grows. Returns the turn as stored.
    async fn begin_attempt(
        &self,
        turn: &Turn,
        last: &Settlement,
        entry: &UsageEntry,
        discard: bool,
    ) -> Stored<Turn>;
    /// Ends the turn: reply row, head, ledger, jobs. `Fenced` where the lease was lost.
    async fn finish(&self, turn: &Turn, ending: &Ending) -> Stored<()>;
    /// Asks the owner to stop; `false` where the turn has ended or is not there.
    async fn request_stop(&self, tenant: TenantId, person: PersonId, id: TurnId) -> Stored<bool>;
}
