//! How conversations leave, in SQL: hidden by one column, and their words by another, until they are
//! brought back or deleted.
//!
//! Whoever writes to several of a turn, its conversation and its messages does so in this order, so that
//! nobody waits for somebody who waits for them. `turns` does, too.

use super::conversations::scoped;
use super::query::{Query, assembled, sql};
use super::store::SqlStore;
use crate::domain::ids::{ConversationId, PersonId, TenantId};
use crate::domain::time::Timestamp;
use crate::ports::conversations::Removals;
use crate::ports::error::Stored;
use async_trait::async_trait;

#[async_trait]
impl Removals for SqlStore {
    async fn remove(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: ConversationId,
        at: Timestamp,
    ) -> Stored<bool> {
        let hide = sql("UPDATE conversations SET removed_at = $4
             WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND removed_at IS NULL");
        let mut tx = self.db.begin().await?;
        if tx.run(scoped(hide, tenant, person, id).bind(at)).await? == 0 {
            return Ok(false);
        }
        let words = sql("UPDATE messages SET findable = 0
             WHERE tenant_id = $1 AND conversation_id = $2 AND findable = 1");
        tx.run(words.bind(tenant).bind(id)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn restore(&self, tenant: TenantId, person: PersonId, id: ConversationId) -> Stored<bool> {
        let show = sql("UPDATE conversations SET removed_at = NULL
             WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND removed_at IS NOT NULL");
        let mut tx = self.db.begin().await?;
        if tx.run(scoped(show, tenant, person, id)).await? == 0 {
            return Ok(false);
        }
        // What is being answered is found when its turn has ended, here as anywhere.
        let words = sql("UPDATE messages SET findable = 1
             WHERE tenant_id = $1 AND conversation_id = $2 AND findable = 0 AND NOT EXISTS (
                 SELECT 1 FROM turns t
                 WHERE t.conversation_id = $2 AND t.state = 'running' AND t.id = messages.turn_id)");
        tx.run(words.bind(tenant).bind(id)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn delete(&self, tenant: TenantId, person: PersonId, id: ConversationId) -> Stored<bool> {
        self.delete_if(tenant, person, id, None).await
    }

    async fn delete_removed(&self, before: Timestamp, limit: i64) -> Stored<Vec<ConversationId>> {
        let due = sql("SELECT tenant_id, person_id, id FROM conversations WHERE removed_at < $1
             ORDER BY removed_at, id LIMIT $2");
        let mut deleted = Vec::new();
        for row in self.db.all(due.bind(before).bind(limit)).await? {
            let id = row.get("id")?;
            if self.delete_if(row.get("tenant_id")?, row.get("person_id")?, id, Some(before)).await? {
                deleted.push(id);
            }
        }
        Ok(deleted)
    }
}

impl SqlStore {
    /// With a time, only what was removed before it: somebody may have brought it back a moment ago.
    async fn delete_if(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: ConversationId,
        removed_before: Option<Timestamp>,
    ) -> Stored<bool> {
        let due = removed_before.map_or("", |_| "AND c.removed_at < $4");
        let wanted = format!("c.tenant_id = $1 AND c.person_id = $2 AND c.id = $3 {due}");
        let bound = |query: Query| {
            let query = scoped(query, tenant, person, id);
            removed_before.into_iter().fold(query, Query::bind)
        };
        let all_of = |part: &str| {
            bound(assembled(format!(
                "DELETE FROM {part} WHERE tenant_id = $1 AND conversation_id = $3
                     AND EXISTS (SELECT 1 FROM conversations c WHERE {wanted})"
            )))
        };
        let mut tx = self.db.begin().await?;
        tx.run(all_of("turns")).await?;
        let until_the_end = tx.dialect().pick("", "FOR UPDATE");
        let hold = assembled(format!("SELECT c.id FROM conversations c WHERE {wanted} {until_the_end}"));
        if tx.one(bound(hold)).await?.is_none() {
            return Ok(false);
        }
        for part in ["messages", "summaries"] {
            tx.run(all_of(part)).await?;
        }
        let last = sql("DELETE FROM conversations WHERE tenant_id = $1 AND person_id = $2 AND id = $3");
        tx.run(scoped(last, tenant, person, id)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
