//! Where usage is written down. Entries of turns are written with the turn; see `turns`.

use super::error::Stored;
use crate::domain::ids::{TenantId, TurnId, UsageId};
use crate::domain::time::Timestamp;
use crate::domain::usage::{Settlement, UsageEntry};
use async_trait::async_trait;

#[async_trait]
pub trait Ledger: Send + Sync {
    /// Opens an entry for work outside a turn: a title, a summary, an embedding.
    async fn open(&self, entry: &UsageEntry) -> Stored<()>;
    /// `false` where the entry is settled already: money is never counted twice.
    async fn settle(&self, tenant: TenantId, id: UsageId, settlement: &Settlement) -> Stored<bool>;
    /// Every attempt of one turn, in order.
    async fn of_turn(&self, tenant: TenantId, turn: TurnId) -> Stored<Vec<UsageEntry>>;
    /// Newest first, since `since`, at most `limit`.
    async fn list(&self, tenant: TenantId, since: Timestamp, limit: i64) -> Stored<Vec<UsageEntry>>;
}
