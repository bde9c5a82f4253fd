//! What others must be told, and what others told us: the outbox and the inbox in SQL.

use super::query::{Query, Row, assembled, sql};
use super::store::SqlStore;
use crate::domain::ids::{OutboxId, TenantId};
use crate::domain::job::OutboxEntry;
use crate::domain::time::Timestamp;
use crate::ports::error::Stored;
use crate::ports::housekeeping::{Inbox, Outbox};
use async_trait::async_trait;

/// Ids in one statement; PostgreSQL takes 65,535 values, SQLite 32,766.
const IDS_AT_ONCE: usize = 500;

/// The statement that tells somebody, for a transaction that has something to tell.
pub(super) fn insert_entry(entry: &OutboxEntry) -> Query {
    sql("INSERT INTO outbox (id, tenant_id, topic, payload, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(entry.id)
        .bind(entry.tenant)
        .bind(&entry.topic)
        .bind(&entry.payload)
        .bind(entry.created_at)
}

#[async_trait]
impl Outbox for SqlStore {
    async fn push(&self, entry: &OutboxEntry) -> Stored<()> {
        self.db.run(insert_entry(entry)).await.map_err(|error| error.taken("this outbox entry"))?;
        Ok(())
    }

    async fn pending(&self, topic: &str, limit: i64) -> Stored<Vec<OutboxEntry>> {
        let list = sql("SELECT id, tenant_id, topic, payload, created_at FROM outbox
             WHERE topic = $1 ORDER BY seq LIMIT $2")
        .bind(topic)
        .bind(limit);
        self.db.all(list).await?.iter().map(entry).collect()
    }

    async fn done(&self, ids: &[OutboxId]) -> Stored<()> {
        let mut tx = self.db.begin().await?;
        for some in ids.chunks(IDS_AT_ONCE) {
            let places: Vec<String> = (1..=some.len()).map(|n| format!("${n}")).collect();
            let mut delete = assembled(format!("DELETE FROM outbox WHERE id IN ({})", places.join(", ")));
            for id in some {
                delete = delete.bind(*id);
            }
            tx.run(delete).await?;
        }
        tx.commit().await
    }
}

#[async_trait]
impl Inbox for SqlStore {
    async fn first_time(
        &self,
        tenant: TenantId,
        platform: &str,
        external_id: &str,
        at: Timestamp,
    ) -> Stored<bool> {
        let insert = sql("INSERT INTO inbox (tenant_id, platform, external_id, seen_at)
             VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, platform, external_id) DO NOTHING")
        .bind(tenant)
        .bind(platform)
        .bind(external_id)
        .bind(at);
        Ok(self.db.run(insert).await? == 1)
    }

    async fn sweep(&self, before: Timestamp) -> Stored<u64> {
        self.db.run(sql("DELETE FROM inbox WHERE seen_at < $1").bind(before)).await
    }
}

fn entry(row: &Row) -> Stored<OutboxEntry> {
    Ok(OutboxEntry {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        topic: row.get("topic")?,
        payload: row.get("payload")?,
        created_at: row.get("created_at")?,
    })
}
