//! Work that must happen once: jobs, leases, the outbox, and events seen before.

use super::error::Stored;
use crate::domain::ids::{JobId, OutboxId, TenantId};
use crate::domain::job::{Job, Lease, OutboxEntry};
use crate::domain::time::Timestamp;
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
pub trait Jobs: Send + Sync {
    /// `false` where a waiting job of this kind and subject is there already.
    async fn enqueue(&self, job: &Job) -> Stored<bool>;
    /// Takes the oldest due job of one of these kinds, or one whose lease ended: its fence and tries grow.
    async fn claim(&self, kinds: &[&str], now: Timestamp, until: Timestamp) -> Stored<Option<Job>>;
    /// Stage, progress and lease; `Fenced` where it was lost or cancelled.
    async fn report(&self, job: &Job, until: Timestamp) -> Stored<()>;
    async fn finish(&self, job: &Job, at: Timestamp) -> Stored<()>;
    /// Back to waiting until `not_before`, with the reason.
    async fn retry(&self, job: &Job, error: &str, not_before: Timestamp) -> Stored<()>;
    async fn fail(&self, job: &Job, error: &str, at: Timestamp) -> Stored<()>;
    async fn cancel(&self, tenant: TenantId, id: JobId, at: Timestamp) -> Stored<bool>;
    /// Newest first.
    async fn list(&self, tenant: TenantId, limit: i64) -> Stored<Vec<Job>>;
}

#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes or extends the lease; `None` while somebody else holds it. A new holder gets a larger fence.
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        span: Duration,
    ) -> Stored<Option<Lease>>;
    /// `Fenced` where somebody else holds it now.
    async fn renew(&self, lease: &Lease, until: Timestamp) -> Stored<()>;
    async fn release(&self, lease: &Lease) -> Stored<()>;
}

#[async_trait]
pub trait Outbox: Send + Sync {
    async fn push(&self, entry: &OutboxEntry) -> Stored<()>;
    /// Oldest first.
    async fn pending(&self, topic: &str, limit: i64) -> Stored<Vec<OutboxEntry>>;
    async fn done(&self, ids: &[OutboxId]) -> Stored<()>;
}

#[async_trait]
pub trait Inbox: Send + Sync {
    /// `true` the first time this event is seen: platforms deliver more than once.
    async fn first_time(
        &self,
        tenant: TenantId,
        platform: &str,
        external_id: &str,
        at: Timestamp,
    ) -> Stored<bool>;
    async fn sweep(&self, before: Timestamp) -> Stored<u64>;
}
