//! Whom one talks to, and which models there are.

use super::kept::Kept;
use crate::domain::companion::Companion;
use crate::domain::connection::Connection;
use crate::domain::ids::{CompanionId, ConnectionId, TenantId};
use crate::ports::companions::Companions;
use crate::ports::connections::Connections;
use crate::ports::error::Stored;
use async_trait::async_trait;
use std::sync::Arc;

pub(super) struct RecentCompanions {
    companions: Arc<dyn Companions>,
    found: Kept<(TenantId, CompanionId), Companion>,
}

impl RecentCompanions {
    pub(super) fn new(companions: Arc<dyn Companions>) -> Self {
        Self { companions, found: Kept::default() }
    }
}

#[async_trait]
impl Companions for RecentCompanions {
    async fn add(&self, companion: &Companion) -> Stored<()> {
        self.companions.add(companion).await
    }

    async fn find(&self, tenant: TenantId, id: CompanionId) -> Stored<Option<Companion>> {
        self.found.or_read((tenant, id), self.companions.find(tenant, id)).await
    }

    async fn find_by_name(&self, tenant: TenantId, name: &str) -> Stored<Option<Companion>> {
        self.companions.find_by_name(tenant, name).await
    }

    async fn list(&self, tenant: TenantId) -> Stored<Vec<Companion>> {
        self.companions.list(tenant).await
    }

    async fn update(&self, companion: &Companion) -> Stored<bool> {
        let updated = self.companions.update(companion).await;
        self.found.forget();
        updated
    }
}

pub(super) struct RecentConnections {
    connections: Arc<dyn Connections>,
    listed: Kept<TenantId, Vec<Connection>>,
}

impl RecentConnections {
    pub(super) fn new(connections: Arc<dyn Connections>) -> Self {
        Self { connections, listed: Kept::default() }
    }

    fn changed<T>(&self, answer: Stored<T>) -> Stored<T> {
        self.listed.forget();
        answer
    }
}

#[async_trait]
impl Connections for RecentConnections {
    async fn add(&self, connection: &Connection) -> Stored<()> {
        self.changed(self.connections.add(connection).await)
    }

    async fn find(&self, tenant: TenantId, id: ConnectionId) -> Stored<Option<Connection>> {
        self.connections.find(tenant, id).await
    }

    async fn list(&self, tenant: TenantId) -> Stored<Vec<Connection>> {
        let list = async { self.connections.list(tenant).await.map(Some) };
        Ok(self.listed.or_read(tenant, list).await?.unwrap_or_default())
    }

    async fn update(&self, connection: &Connection) -> Stored<bool> {
        self.changed(self.connections.update(connection).await)
    }

    async fn remove(&self, tenant: TenantId, id: ConnectionId) -> Stored<bool> {
        self.changed(self.connections.remove(tenant, id).await)
    }
}
