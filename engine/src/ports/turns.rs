//! Where turns live, and the fence around each: one owner writes, everybody else is refused.

use super::error::Stored;
use crate::domain::ids::{ConversationId, PersonId, TenantId, TurnId};
use crate::domain::job::Job;
use crate::domain::memory::Owner;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use crate::domain::turn::{Failure, Reference, Turn, TurnState};
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
    /// The conversation or the message it answers is not there, or not this person's.
    Missing,
}

/// How a turn ended, written in one transaction.
#[derive(Clone, Debug)]
pub struct Ending {
    pub state: TurnState,
    /// The reply row; `None` where nothing was written and nothing is to be shown.
    pub reply: Option<Message>,
    pub failure: Option<Failure>,
    /// What of earlier the reply was made with.
    pub recalled: Vec<Reference>,
    pub settlement: Settlement,
    pub jobs: Vec<Job>,
    pub at: Timestamp,
}

#[async_trait]
pub trait Turns: Send + Sync {
    /// Stores the person's message, the turn (owned, with fence 1), its first ledger entry, and
    /// moves the conversation's head, all or nothing. A conversation without a title gets its first one
    /// from the message. A message of another turn's, or of none, is there already and is answered once
    /// more. Durable when it returns.
    async fn accept(&self, turn: &Turn, message: &Message, entry: &UsageEntry) -> Stored<Accepted>;
    async fn find(&self, tenant: TenantId, person: PersonId, id: TurnId) -> Stored<Option<Turn>>;
    /// The turn being answered in this conversation.
    async fn running(&self, tenant: TenantId, conversation: ConversationId) -> Stored<Option<Turn>>;
    /// Takes over one running turn whose lease ended before `now`, in any tenant, and is not the very
    /// one that is given out (`until`): asking again takes the next. The fence grows, and
    /// so does the revision, since the dead owner may have told readers more than it stored; what is
    /// stored is kept. The dead attempt is settled as interrupted, its tokens guessed from the bytes it
    /// stored (four to a token); the attempt itself grows with `begin_attempt`. Atomic between racing
    /// owners.
    async fn take_over(&self, now: Timestamp, until: Timestamp) -> Stored<Option<Turn>>;
    /// Extends the lease and tells whether a stop was asked for; `Fenced` where it was lost.
    async fn renew(&self, turn: &Turn, until: Timestamp) -> Stored<bool>;
    /// Adds text at byte `offset`, which must be where the stored text ends; `Fenced` otherwise. The
    /// same piece again, after an answer that was lost, is fine.
    async fn append(&self, turn: &Turn, offset: usize, text: &str) -> Stored<()>;
    /// Begins another attempt: settles the last one, where nobody has yet, and opens `entry` under the
    /// attempt's number. With `discard`, the text so far is thrown away, but for what
    /// an earlier reply gave, and the revision grows.
    /// Returns the turn as stored. The same entry again is fine.
    async fn begin_attempt(
        &self,
        turn: &Turn,
        last: &Settlement,
        entry: &UsageEntry,
        discard: bool,
    ) -> Stored<Turn>;
    /// Ends the turn: reply row, head (unless the person looks at another branch by now), ledger, jobs.
    /// Without a reply, an earlier one to the same words comes back into view.
    /// From then on the turn's text is its reply's. `Fenced` where the lease was lost; the same ending
    /// again is fine.
    async fn finish(&self, turn: &Turn, ending: &Ending) -> Stored<()>;
    /// Asks the owner to stop; `false` where the turn has ended or is not there.
    async fn request_stop(&self, tenant: TenantId, person: PersonId, id: TurnId) -> Stored<bool>;
}

/// For clients that keep a history of their own: which turns were asked under it.
#[async_trait]
pub trait Histories: Send + Sync {
    /// Newest first, a handful: those of this person and companion that were asked with this history.
    async fn asked_as(&self, owner: &Owner, history: &str) -> Stored<Vec<Turn>>;
}
