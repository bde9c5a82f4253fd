//! Work that is not the turn itself: done once, under a lease, in the background.

use super::ids::{JobId, OutboxId, TenantId};
use super::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    Waiting,
    Running,
    Done,
    Failed,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub tenant: TenantId,
    /// A verb phrase: `summarise_conversation`.
    pub kind: String,
    /// Two waiting jobs of one kind never share a subject.
    pub subject: String,
    /// JSON, as the kind defines it.
    pub payload: String,
    pub state: JobState,
    /// What it is doing, for the system page.
    pub stage: String,
    pub progress_permille: i64,
    pub tries: i64,
    pub fence: i64,
    pub lease_until: Timestamp,
    pub not_before: Timestamp,
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// The right to do something alone, until `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub name: String,
    pub holder: String,
    /// Grows with every change of holder.
    pub fence: i64,
    pub until: Timestamp,
}

/// Something another system must be told, kept until it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub id: OutboxId,
    pub tenant: TenantId,
    /// Who it is for: `qdrant`, `discord` …
    pub topic: String,
    /// JSON, as the topic defines it.
    pub payload: String,
    pub created_at: Timestamp,
}
