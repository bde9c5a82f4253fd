//! Keys and sessions in SQL: found by the hash of their secret, which is all that is kept of it.

use super::query::{Row, sql};
use super::store::SqlStore;
use crate::domain::access::{ApiKey, Session};
use crate::domain::ids::{KeyId, PersonId, TenantId};
use crate::domain::time::Timestamp;
use crate::ports::access::{Keys, Sessions};
use crate::ports::error::Stored;
use async_trait::async_trait;

#[async_trait]
impl Keys for SqlStore {
    async fn add(&self, key: &ApiKey) -> Stored<()> {
        let insert = sql("INSERT INTO api_keys
             (id, tenant_id, person_id, name, hash, hint, created_at, revoked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(key.id)
        .bind(key.tenant)
        .bind(key.person)
        .bind(&key.name)
        .bind(key.hash)
        .bind(&key.hint)
        .bind(key.created_at)
        .bind(key.revoked_at);
        self.db.run(insert).await.map_err(|error| error.taken("this key"))?;
        Ok(())
    }

    async fn find(&self, hash: &[u8; 32]) -> Stored<Option<ApiKey>> {
        let find = sql("SELECT * FROM api_keys WHERE hash = $1 AND revoked_at IS NULL").bind(*hash);
        self.db.one(find).await?.map(|row| key(&row)).transpose()
    }

    async fn list(&self, tenant: TenantId, person: PersonId) -> Stored<Vec<ApiKey>> {
        let list = sql("SELECT * FROM api_keys WHERE tenant_id = $1 AND person_id = $2
             ORDER BY created_at DESC, id DESC")
        .bind(tenant)
        .bind(person);
        self.db.all(list).await?.iter().map(key).collect()
    }

    async fn revoke(&self, tenant: TenantId, person: PersonId, id: KeyId, at: Timestamp) -> Stored<bool> {
        let update = sql("UPDATE api_keys SET revoked_at = $4
             WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND revoked_at IS NULL")
        .bind(tenant)
        .bind(person)
        .bind(id)
        .bind(at);
        Ok(self.db.run(update).await? == 1)
    }
}

#[async_trait]
impl Sessions for SqlStore {
    async fn add(&self, session: &Session) -> Stored<()> {
        let insert = sql("INSERT INTO sessions (id, tenant_id, person_id, hash, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(session.id)
        .bind(session.tenant)
        .bind(session.person)
        .bind(session.hash)
        .bind(session.created_at)
        .bind(session.expires_at);
        self.db.run(insert).await.map_err(|error| error.taken("this session"))?;
        Ok(())
    }

    async fn find(&self, hash: &[u8; 32], now: Timestamp) -> Stored<Option<Session>> {
        let find = sql("SELECT * FROM sessions WHERE hash = $1 AND expires_at > $2").bind(*hash).bind(now);
        self.db.one(find).await?.map(|row| session(&row)).transpose()
    }

    async fn end(&self, hash: &[u8; 32]) -> Stored<bool> {
        Ok(self.db.run(sql("DELETE FROM sessions WHERE hash = $1").bind(*hash)).await? == 1)
    }

    async fn end_all(&self, tenant: TenantId, person: PersonId) -> Stored<u64> {
        let delete =
            sql("DELETE FROM sessions WHERE tenant_id = $1 AND person_id = $2").bind(tenant).bind(person);
        self.db.run(delete).await
    }

    async fn sweep(&self, now: Timestamp) -> Stored<u64> {
        self.db.run(sql("DELETE FROM sessions WHERE expires_at <= $1").bind(now)).await
    }
}

fn key(row: &Row) -> Stored<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        name: row.get("name")?,
        hash: row.get("hash")?,
        hint: row.get("hint")?,
        created_at: row.get("created_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

fn session(row: &Row) -> Stored<Session> {
    Ok(Session {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        hash: row.get("hash")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}
