//! Where companions live.

use super::error::Stored;
use crate::domain::companion::Companion;
use crate::domain::ids::{CompanionId, TenantId};
use async_trait::async_trait;

#[async_trait]
pub trait Companions: Send + Sync {
    /// `Conflict` where the name is taken in the tenant, without regard to case.
    async fn add(&self, companion: &Companion) -> Stored<()>;
    async fn find(&self, tenant: TenantId, id: CompanionId) -> Stored<Option<Companion>>;
    async fn find_by_name(&self, tenant: TenantId, name: &str) -> Stored<Option<Companion>>;
    /// Oldest first; the first is the default one.
    async fn list(&self, tenant: TenantId) -> Stored<Vec<Companion>>;
    async fn update(&self, companion: &Companion) -> Stored<bool>;
}
