//! Tenants, people, and the accounts by which platforms know them.

use super::error::Stored;
use crate::domain::ids::{IdentityId, PersonId, TenantId};
use crate::domain::person::{Identity, Person, Tenant};
use async_trait::async_trait;

#[async_trait]
pub trait People: Send + Sync {
    /// The one tenant of a plain installation, made from `wanted` where there is none yet.
    async fn ensure_tenant(&self, wanted: &Tenant) -> Stored<Tenant>;
    /// `Conflict` where the name is taken in the tenant, without regard to case.
    async fn add(&self, person: &Person, password_hash: Option<&str>) -> Stored<()>;
    async fn find(&self, tenant: TenantId, id: PersonId) -> Stored<Option<Person>>;
    async fn find_by_name(&self, tenant: TenantId, name: &str) -> Stored<Option<Person>>;
    /// Oldest first.
    async fn list(&self, tenant: TenantId) -> Stored<Vec<Person>>;
    /// Writes name, role and state; `false` where there is no such person.
    async fn update(&self, person: &Person) -> Stored<bool>;
    async fn password_hash(&self, tenant: TenantId, id: PersonId) -> Stored<Option<String>>;
    async fn set_password_hash(&self, tenant: TenantId, id: PersonId, hash: &str) -> Stored<bool>;
}

#[async_trait]
pub trait Identities: Send + Sync {
    /// `Conflict` where another person holds this account; linking the same one twice is fine.
    async fn link(&self, identity: &Identity) -> Stored<()>;
    async fn find(&self, tenant: TenantId, platform: &str, external_id: &str) -> Stored<Option<Identity>>;
    async fn list(&self, tenant: TenantId, person: PersonId) -> Stored<Vec<Identity>>;
    async fn unlink(&self, tenant: TenantId, person: PersonId, id: IdentityId) -> Stored<bool>;
}
