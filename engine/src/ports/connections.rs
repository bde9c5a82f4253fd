//! Where model connections live; keys come and go sealed.

use super::error::Stored;
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, TenantId};
use async_trait::async_trait;

#[async_trait]
pub trait Connections: Send + Sync {
    /// `Conflict` where the name is taken.
    async fn add(&self, connection: &Connection) -> Stored<()>;
    async fn find(&self, tenant: TenantId, id: ConnectionId) -> Stored<Option<Connection>>;
    /// In the order they are tried.
    async fn list(&self, tenant: TenantId) -> Stored<Vec<Connection>>;
    async fn update(&self, connection: &Connection) -> Stored<bool>;
    async fn remove(&self, tenant: TenantId, id: ConnectionId) -> Stored<bool>;
}
