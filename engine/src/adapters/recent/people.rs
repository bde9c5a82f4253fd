//! Who calls, and with which key.

use super::kept::Kept;
use crate::domain::access::ApiKey;
use crate::domain::ids::{KeyId, PersonId, TenantId};
use crate::domain::person::{Person, Tenant};
use crate::domain::time::Timestamp;
use crate::ports::access::Keys;
use crate::ports::error::Stored;
use crate::ports::people::People;
use async_trait::async_trait;
use std::sync::Arc;

pub(super) struct RecentPeople {
    people: Arc<dyn People>,
    found: Kept<(TenantId, PersonId), Person>,
    listed: Kept<TenantId, Vec<Person>>,
}

impl RecentPeople {
    pub(super) fn new(people: Arc<dyn People>) -> Self {
        Self { people, found: Kept::default(), listed: Kept::default() }
    }

    fn changed<T>(&self, answer: Stored<T>) -> Stored<T> {
        self.found.forget();
        self.listed.forget();
        answer
    }
}

#[async_trait]
impl People for RecentPeople {
    async fn ensure_tenant(&self, wanted: &Tenant) -> Stored<Tenant> {
        self.people.ensure_tenant(wanted).await
    }

    async fn add(&self, person: &Person, password_hash: Option<&str>) -> Stored<()> {
        self.changed(self.people.add(person, password_hash).await)
    }

    async fn find(&self, tenant: TenantId, id: PersonId) -> Stored<Option<Person>> {
        self.found.or_read((tenant, id), self.people.find(tenant, id)).await
    }

    async fn find_by_name(&self, tenant: TenantId, name: &str) -> Stored<Option<Person>> {
        self.people.find_by_name(tenant, name).await
    }

    async fn list(&self, tenant: TenantId) -> Stored<Vec<Person>> {
        let list = async { self.people.list(tenant).await.map(Some) };
        Ok(self.listed.or_read(tenant, list).await?.unwrap_or_default())
    }

    async fn update(&self, person: &Person) -> Stored<bool> {
        self.changed(self.people.update(person).await)
    }

    async fn password_hash(&self, tenant: TenantId, id: PersonId) -> Stored<Option<String>> {
        self.people.password_hash(tenant, id).await
    }

    async fn set_password_hash(&self, tenant: TenantId, id: PersonId, hash: &str) -> Stored<bool> {
        self.people.set_password_hash(tenant, id, hash).await
    }
}

pub(super) struct RecentKeys {
    keys: Arc<dyn Keys>,
    found: Kept<[u8; 32], ApiKey>,
}

impl RecentKeys {
    pub(super) fn new(keys: Arc<dyn Keys>) -> Self {
        Self { keys, found: Kept::default() }
    }
}

#[async_trait]
impl Keys for RecentKeys {
    async fn add(&self, key: &ApiKey) -> Stored<()> {
        self.keys.add(key).await
    }

    async fn find(&self, hash: &[u8; 32]) -> Stored<Option<ApiKey>> {
        self.found.or_read(*hash, self.keys.find(hash)).await
    }

    async fn list(&self, tenant: TenantId, person: PersonId) -> Stored<Vec<ApiKey>> {
        self.keys.list(tenant, person).await
    }

    async fn revoke(&self, tenant: TenantId, person: PersonId, id: KeyId, at: Timestamp) -> Stored<bool> {
        let revoked = self.keys.revoke(tenant, person, id, at).await;
        self.found.forget();
        revoked
    }
}
