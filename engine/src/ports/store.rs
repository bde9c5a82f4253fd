//! The whole Store, as the composition root hands it out. A use case takes only the ports it uses.

use super::access::{Audit, Keys, Sessions, Settings};
use super::attachments::Attachments;
use super::belongings::{Belongings, Erasure};
use super::companions::Companions;
use super::connections::Connections;
use super::conversations::{Conversations, Messages, Removals};
use super::error::Stored;
use super::housekeeping::{Inbox, Jobs, Leases, Outbox};
use super::ledger::Ledger;
use super::memories::Memories;
use super::people::{Identities, People};
use super::turns::{Histories, Turns};
use super::vectors::VectorRows;
use async_trait::async_trait;
use std::sync::Arc;

#[derive(Clone)]
pub struct Store {
    pub people: Arc<dyn People>,
    pub identities: Arc<dyn Identities>,
    pub companions: Arc<dyn Companions>,
    pub conversations: Arc<dyn Conversations>,
    pub removals: Arc<dyn Removals>,
    pub messages: Arc<dyn Messages>,
    pub turns: Arc<dyn Turns>,
    pub histories: Arc<dyn Histories>,
    pub ledger: Arc<dyn Ledger>,
    pub memories: Arc<dyn Memories>,
    pub vectors: Arc<dyn VectorRows>,
    pub attachments: Arc<dyn Attachments>,
    pub belongings: Arc<dyn Belongings>,
    pub erasure: Arc<dyn Erasure>,
    pub connections: Arc<dyn Connections>,
    pub keys: Arc<dyn Keys>,
    pub sessions: Arc<dyn Sessions>,
    pub settings: Arc<dyn Settings>,
    pub audit: Arc<dyn Audit>,
    pub jobs: Arc<dyn Jobs>,
    pub leases: Arc<dyn Leases>,
    pub outbox: Arc<dyn Outbox>,
    pub inbox: Arc<dyn Inbox>,
    pub health: Arc<dyn StoreHealth>,
}

#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// A real round trip.
    async fn ping(&self) -> Stored<()>;
    /// `sqlite` or `postgres`, for people.
    fn kind(&self) -> &'static str;
    /// Waits for what is being written and closes every connection.
    async fn close(&self);
}
