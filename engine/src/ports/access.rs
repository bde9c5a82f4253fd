//! Keys, sessions, settings and the audit trail.

use super::error::Stored;
use crate::domain::access::{ApiKey, AuditEntry, Session};
use crate::domain::ids::{KeyId, PersonId, TenantId};
use crate::domain::time::Timestamp;
use async_trait::async_trait;

#[async_trait]
pub trait Keys: Send + Sync {
    async fn add(&self, key: &ApiKey) -> Stored<()>;
    /// By the hash of the secret, in any tenant; revoked keys are not found.
    async fn find(&self, hash: &[u8; 32]) -> Stored<Option<ApiKey>>;
    /// Revoked ones too, newest first.
    async fn list(&self, tenant: TenantId, person: PersonId) -> Stored<Vec<ApiKey>>;
    async fn revoke(&self, tenant: TenantId, person: PersonId, id: KeyId, at: Timestamp) -> Stored<bool>;
}

#[async_trait]
pub trait Sessions: Send + Sync {
    async fn add(&self, session: &Session) -> Stored<()>;
    /// By the hash of the token; ended ones are not found.
    async fn find(&self, hash: &[u8; 32], now: Timestamp) -> Stored<Option<Session>>;
    async fn end(&self, hash: &[u8; 32]) -> Stored<bool>;
    async fn end_all(&self, tenant: TenantId, person: PersonId) -> Stored<u64>;
    async fn sweep(&self, now: Timestamp) -> Stored<u64>;
}

#[async_trait]
pub trait Settings: Send + Sync {
    async fn get(&self, tenant: TenantId, key: &str) -> Stored<Option<String>>;
    async fn set(&self, tenant: TenantId, key: &str, value: &str, at: Timestamp) -> Stored<()>;
    async fn list(&self, tenant: TenantId) -> Stored<Vec<(String, String)>>;
}

#[async_trait]
pub trait Audit: Send + Sync {
    async fn record(&self, entry: &AuditEntry) -> Stored<()>;
    /// Newest first.
    async fn list(&self, tenant: TenantId, limit: i64) -> Stored<Vec<AuditEntry>>;
}
