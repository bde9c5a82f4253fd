//! Settings and the audit trail in SQL. What a setting means, its reader knows; here it is text.

use super::query::{Row, sql};
use super::store::SqlStore;
use crate::domain::access::AuditEntry;
use crate::domain::ids::TenantId;
use crate::domain::time::Timestamp;
use crate::ports::access::{Audit, Settings};
use crate::ports::error::Stored;
use async_trait::async_trait;

#[async_trait]
impl Settings for SqlStore {
    async fn get(&self, tenant: TenantId, key: &str) -> Stored<Option<String>> {
        let find =
            sql("SELECT value FROM settings WHERE tenant_id = $1 AND name = $2").bind(tenant).bind(key);
        self.db.one(find).await?.map(|row| row.get("value")).transpose()
    }

    async fn set(&self, tenant: TenantId, key: &str, value: &str, at: Timestamp) -> Stored<()> {
        let upsert = sql("INSERT INTO settings (tenant_id, name, value, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, name)
             DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at")
        .bind(tenant)
        .bind(key)
        .bind(value)
        .bind(at);
        self.db.run(upsert).await?;
        Ok(())
    }

    async fn list(&self, tenant: TenantId) -> Stored<Vec<(String, String)>> {
        let list = sql("SELECT name, value FROM settings WHERE tenant_id = $1").bind(tenant);
        let rows = self.db.all(list).await?;
        let mut settings: Vec<(String, String)> =
            rows.iter().map(|row| Ok((row.get("name")?, row.get("value")?))).collect::<Stored<_>>()?;
        // Sorted here: PostgreSQL would sort by the rules of its server's language.
        settings.sort_unstable();
        Ok(settings)
    }
}

#[async_trait]
impl Audit for SqlStore {
    async fn record(&self, entry: &AuditEntry) -> Stored<()> {
        let insert = sql("INSERT INTO audit (id, tenant_id, person_id, action, object, at)
             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(entry.id)
        .bind(entry.tenant)
        .bind(entry.person)
        .bind(&entry.action)
        .bind(&entry.object)
        .bind(entry.at);
        self.db.run(insert).await.map_err(|error| error.taken("this audit entry"))?;
        Ok(())
    }

    async fn list(&self, tenant: TenantId, limit: i64) -> Stored<Vec<AuditEntry>> {
        let list = sql("SELECT * FROM audit WHERE tenant_id = $1 ORDER BY at DESC, id DESC LIMIT $2")
            .bind(tenant)
            .bind(limit);
        self.db.all(list).await?.iter().map(entry).collect()
    }
}

fn entry(row: &Row) -> Stored<AuditEntry> {
    Ok(AuditEntry {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        action: row.get("action")?,
        object: row.get("object")?,
        at: row.get("at")?,
    })
}
