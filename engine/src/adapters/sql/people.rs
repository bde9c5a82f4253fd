//! Tenants, people and their platform accounts in SQL.

use super::query::{Row, sql};
use super::store::SqlStore;
use crate::domain::ids::{IdentityId, PersonId, TenantId};
use crate::domain::names::name_key;
use crate::domain::person::{Identity, Person, Tenant};
use crate::ports::error::{StoreError, Stored};
use crate::ports::people::{Identities, People};
use async_trait::async_trait;

#[async_trait]
impl People for SqlStore {
    async fn ensure_tenant(&self, wanted: &Tenant) -> Stored<Tenant> {
        let find = || sql("SELECT id, name, created_at FROM tenants WHERE plain = 1");
        if let Some(row) = self.db.one(find()).await? {
            return tenant(&row);
        }
        let mut tx = self.db.begin().await?;
        let insert = sql("INSERT INTO tenants (id, plain, name, created_at) VALUES ($1, 1, $2, $3)
             ON CONFLICT (plain) DO NOTHING")
        .bind(wanted.id)
        .bind(&wanted.name)
        .bind(wanted.created_at);
        tx.run(insert).await.map_err(|error| error.taken("this tenant"))?;
        let row = tx.one(find()).await?;
        tx.commit().await?;
        let missing = || StoreError::Corrupt { reason: "the tenant just made is not there".into() };
        tenant(&row.ok_or_else(missing)?)
    }

    async fn add(&self, person: &Person, password_hash: Option<&str>) -> Stored<()> {
        let insert = sql("INSERT INTO people
             (id, tenant_id, name, name_key, role, state, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(person.id)
        .bind(person.tenant)
        .bind(&person.name)
        .bind(name_key(&person.name))
        .bind(person.role)
        .bind(person.state)
        .bind(password_hash)
        .bind(person.created_at);
        self.db.run(insert).await.map_err(|error| error.taken("this name"))?;
        Ok(())
    }

    async fn find(&self, tenant: TenantId, id: PersonId) -> Stored<Option<Person>> {
        let find = sql("SELECT * FROM people WHERE tenant_id = $1 AND id = $2").bind(tenant).bind(id);
        self.db.one(find).await?.map(|row| person(&row)).transpose()
    }

    async fn find_by_name(&self, tenant: TenantId, name: &str) -> Stored<Option<Person>> {
        let find = sql("SELECT * FROM people WHERE tenant_id = $1 AND name_key = $2")
            .bind(tenant)
            .bind(name_key(name));
        self.db.one(find).await?.map(|row| person(&row)).transpose()
    }

    async fn list(&self, tenant: TenantId) -> Stored<Vec<Person>> {
        let list = sql("SELECT * FROM people WHERE tenant_id = $1 ORDER BY created_at, id").bind(tenant);
        self.db.all(list).await?.iter().map(person).collect()
    }

    async fn update(&self, person: &Person) -> Stored<bool> {
        let update = sql("UPDATE people SET name = $3, name_key = $4, role = $5, state = $6
             WHERE tenant_id = $1 AND id = $2")
        .bind(person.tenant)
        .bind(person.id)
        .bind(&person.name)
        .bind(name_key(&person.name))
        .bind(person.role)
        .bind(person.state);
        Ok(self.db.run(update).await.map_err(|error| error.taken("this name"))? == 1)
    }

    async fn password_hash(&self, tenant: TenantId, id: PersonId) -> Stored<Option<String>> {
        let find =
            sql("SELECT password_hash FROM people WHERE tenant_id = $1 AND id = $2").bind(tenant).bind(id);
        match self.db.one(find).await? {
            Some(row) => row.get("password_hash"),
            None => Ok(None),
        }
    }

    async fn set_password_hash(&self, tenant: TenantId, id: PersonId, hash: &str) -> Stored<bool> {
        let update = sql("UPDATE people SET password_hash = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant)
            .bind(id)
            .bind(hash);
        Ok(self.db.run(update).await? == 1)
    }
}

#[async_trait]
impl Identities for SqlStore {
    async fn link(&self, identity: &Identity) -> Stored<()> {
        // The update changes nothing; it is there so that the same person's row counts as one.
        let insert = sql("INSERT INTO identities
             (id, tenant_id, person_id, platform, external_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant_id, platform, external_id) DO UPDATE SET person_id = excluded.person_id
             WHERE identities.person_id = excluded.person_id")
        .bind(identity.id)
        .bind(identity.tenant)
        .bind(identity.person)
        .bind(&identity.platform)
        .bind(&identity.external_id)
        .bind(identity.created_at);
        match self.db.run(insert).await.map_err(|error| error.taken("this account"))? {
            0 => Err(StoreError::Conflict { what: "this account" }),
            _ => Ok(()),
        }
    }

    async fn find(&self, tenant: TenantId, platform: &str, external_id: &str) -> Stored<Option<Identity>> {
        let find =
            sql("SELECT * FROM identities WHERE tenant_id = $1 AND platform = $2 AND external_id = $3")
                .bind(tenant)
                .bind(platform)
                .bind(external_id);
        self.db.one(find).await?.map(|row| identity(&row)).transpose()
    }

    async fn list(&self, tenant: TenantId, person: PersonId) -> Stored<Vec<Identity>> {
        let list = sql("SELECT * FROM identities WHERE tenant_id = $1 AND person_id = $2
             ORDER BY created_at, id")
        .bind(tenant)
        .bind(person);
        self.db.all(list).await?.iter().map(identity).collect()
    }

    async fn unlink(&self, tenant: TenantId, person: PersonId, id: IdentityId) -> Stored<bool> {
        let delete = sql("DELETE FROM identities WHERE tenant_id = $1 AND person_id = $2 AND id = $3")
            .bind(tenant)
            .bind(person)
            .bind(id);
        Ok(self.db.run(delete).await? == 1)
    }
}

fn tenant(row: &Row) -> Stored<Tenant> {
    Ok(Tenant { id: row.get("id")?, name: row.get("name")?, created_at: row.get("created_at")? })
}

fn person(row: &Row) -> Stored<Person> {
    Ok(Person {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        name: row.get("name")?,
        role: row.get("role")?,
        state: row.get("state")?,
        created_at: row.get("created_at")?,
    })
}

fn identity(row: &Row) -> Stored<Identity> {
    Ok(Identity {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        platform: row.get("platform")?,
        external_id: row.get("external_id")?,
        created_at: row.get("created_at")?,
    })
}
