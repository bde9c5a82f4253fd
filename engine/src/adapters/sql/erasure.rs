//! How everything of one person goes, in SQL: some at a time, so that nobody else waits long for the writer.

use super::belongings::{COUNT, holdings};
use super::memories::{memory, vector_entry};
use super::outbox::insert_entry;
use super::query::{Column, Query, assembled, places, sql};
use super::store::SqlStore;
use crate::domain::ids::{AttachmentId, ConversationId, PersonId, TenantId};
use crate::domain::memory::Memory;
use crate::domain::time::Timestamp;
use crate::ports::belongings::Erasure;
use crate::ports::error::Stored;
use crate::ports::vectors::VectorNews;
use async_trait::async_trait;

#[async_trait]
impl Erasure for SqlStore {
    async fn begun_by(
        &self,
        tenant: TenantId,
        person: PersonId,
        by: Timestamp,
        limit: i64,
    ) -> Stored<Vec<ConversationId>> {
        let list = sql("SELECT id FROM conversations
             WHERE tenant_id = $1 AND person_id = $2 AND created_at <= $3 ORDER BY id LIMIT $4");
        let rows = self.db.all(by_then(list, tenant, person, by, limit)).await?;
        rows.iter().map(|row| ConversationId::read(row, "id")).collect()
    }

    async fn files_by(
        &self,
        tenant: TenantId,
        person: PersonId,
        by: Timestamp,
        limit: i64,
    ) -> Stored<Vec<AttachmentId>> {
        let list = sql("SELECT id FROM attachments
             WHERE tenant_id = $1 AND person_id = $2 AND created_at <= $3 ORDER BY id LIMIT $4");
        let rows = self.db.all(by_then(list, tenant, person, by, limit)).await?;
        rows.iter().map(|row| AttachmentId::read(row, "id")).collect()
    }

    async fn forget_some(
        &self,
        tenant: TenantId,
        person: PersonId,
        by: Timestamp,
        limit: i64,
    ) -> Stored<u64> {
        let list = sql("SELECT * FROM memories
             WHERE tenant_id = $1 AND person_id = $2 AND created_at <= $3 ORDER BY id LIMIT $4");
        let mut tx = self.db.begin().await?;
        let some: Vec<Memory> = tx
            .all(by_then(list, tenant, person, by, limit))
            .await?
            .iter()
            .map(memory)
            .collect::<Stored<_>>()?;
        if some.is_empty() {
            return Ok(0);
        }
        let delete = assembled(format!(
            "DELETE FROM memories WHERE tenant_id = $1 AND person_id = $2 AND id IN ({})",
            places(3, some.len())
        ));
        let delete = some.iter().fold(delete.bind(tenant).bind(person), |delete, one| delete.bind(one.id));
        let forgotten = tx.run(delete).await?;
        for one in &some {
            let news = VectorNews::Forget { owner: one.owner, memory: one.id };
            tx.run(insert_entry(&vector_entry(self.clock.as_ref(), one.owner, &news)?)).await?;
        }
        tx.commit().await?;
        Ok(forgotten)
    }

    async fn remove_person(&self, tenant: TenantId, person: PersonId, settings: &[String]) -> Stored<bool> {
        let of_person = |text| sql(text).bind(tenant).bind(person);
        let mut tx = self.db.begin().await?;
        if let Some(row) = tx.one(of_person(COUNT)).await?
            && !holdings(&row)?.is_empty()
        {
            return Ok(false);
        }
        for delete in [
            "DELETE FROM sessions WHERE tenant_id = $1 AND person_id = $2",
            "DELETE FROM api_keys WHERE tenant_id = $1 AND person_id = $2",
            "DELETE FROM identities WHERE tenant_id = $1 AND person_id = $2",
            "DELETE FROM people WHERE tenant_id = $1 AND id = $2",
        ] {
            tx.run(of_person(delete)).await?;
        }
        for name in settings {
            let delete = sql("DELETE FROM settings WHERE tenant_id = $1 AND name = $2");
            tx.run(delete.bind(tenant).bind(name)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

fn by_then(list: Query, tenant: TenantId, person: PersonId, by: Timestamp, limit: i64) -> Query {
    list.bind(tenant).bind(person).bind(by).bind(limit)
}
