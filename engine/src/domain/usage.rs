//! What a model call cost: one ledger entry for each attempt, opened before the call, settled after it.

use super::ids::{CompanionId, ConnectionId, PersonId, TenantId, TurnId, UsageId};
use super::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    Reply,
    Title,
    Summary,
    Embedding,
    /// A model asked without a companion.
    Direct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Begun and not settled: still running, or its process died.
    Open,
    Done,
    Stopped,
    Failed,
    /// Its owner died or was overtaken; counts are estimated from the stored text.
    Interrupted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageEntry {
    pub id: UsageId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub companion: Option<CompanionId>,
    pub turn: Option<TurnId>,
    /// Counts from 1 within the turn.
    pub attempt: i64,
    pub purpose: Purpose,
    /// `None` in recall mode, which calls no model.
    pub connection: Option<ConnectionId>,
    pub model: Option<String>,
    pub started_at: Timestamp,
    pub settlement: Option<Settlement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub outcome: Outcome,
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    pub tokens: Tokens,
    /// Integer micro-dollars; `None` where nobody told a price.
    pub cost_micros: Option<i64>,
    /// `None` where no token came.
    pub first_token_us: Option<i64>,
    pub finished_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub prompt: i64,
    pub completion: i64,
    /// True where the provider did not report them.
    pub estimated: bool,
}
