//! Everything that is one person's, in SQL. Each page is a query of its own: somebody who reads slowly holds
//! no connection.

use super::attachments::rows::attachment;
use super::conversations::conversation;
use super::ledger::entry;
use super::memories::memory;
use super::messages::message;
use super::query::{Column, Query, Row, Value, assembled, places, sql};
use super::store::SqlStore;
use crate::domain::attachment::Attachment;
use crate::domain::holdings::{HeldConversation, Holdings};
use crate::domain::ids::{AttachmentId, ConversationId, MemoryId, MessageId, PersonId, TenantId, UsageId};
use crate::domain::memory::Memory;
use crate::domain::message::Message;
use crate::domain::usage::UsageEntry;
use crate::ports::belongings::Belongings;
use crate::ports::error::Stored;
use async_trait::async_trait;
use uuid::Uuid;

pub(super) const COUNT: &str = "SELECT
     (SELECT COUNT(*) FROM conversations WHERE tenant_id = $1 AND person_id = $2) AS conversations,
     (SELECT COUNT(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id
      WHERE m.tenant_id = $1 AND c.tenant_id = $1 AND c.person_id = $2) AS messages,
     (SELECT COUNT(*) FROM attachments WHERE tenant_id = $1 AND person_id = $2) AS attachments,
     (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM attachments
      WHERE tenant_id = $1 AND person_id = $2) AS attachment_bytes,
     (SELECT COUNT(*) FROM memories WHERE tenant_id = $1 AND person_id = $2) AS memories";

#[async_trait]
impl Belongings for SqlStore {
    async fn count(&self, tenant: TenantId, person: PersonId) -> Stored<Holdings> {
        let row = self.db.one(sql(COUNT).bind(tenant).bind(person)).await?;
        row.map_or_else(|| Ok(Holdings::default()), |row| holdings(&row))
    }

    async fn conversations(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<ConversationId>,
        limit: i64,
    ) -> Stored<Vec<HeldConversation>> {
        let page = sql("SELECT c.*, s.text AS summary
             FROM conversations c LEFT JOIN summaries s ON s.conversation_id = c.id
             WHERE c.tenant_id = $1 AND c.person_id = $2 AND c.id > $3 ORDER BY c.id LIMIT $4");
        let rows = self.db.all(paged(page, tenant, person, after, limit)).await?;
        let held = |row: &Row| {
            let (removed_at, summary) = (row.get("removed_at")?, row.get("summary")?);
            Ok(HeldConversation { conversation: conversation(row)?, removed_at, summary })
        };
        rows.iter().map(held).collect()
    }

    async fn message_ids(
        &self,
        tenant: TenantId,
        person: PersonId,
        conversation: ConversationId,
    ) -> Stored<Vec<MessageId>> {
        let list = sql("SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
             WHERE m.tenant_id = $1 AND c.tenant_id = $1 AND c.person_id = $2 AND c.id = $3
             ORDER BY m.created_at, m.id")
        .bind(tenant)
        .bind(person)
        .bind(conversation);
        self.db.all(list).await?.iter().map(|row| MessageId::read(row, "id")).collect()
    }

    async fn messages(&self, tenant: TenantId, person: PersonId, ids: &[MessageId]) -> Stored<Vec<Message>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let find = assembled(format!(
            "SELECT m.* FROM messages m JOIN conversations c ON c.id = m.conversation_id
             WHERE m.tenant_id = $1 AND c.tenant_id = $1 AND c.person_id = $2 AND m.id IN ({})
             ORDER BY m.created_at, m.id",
            places(3, ids.len())
        ));
        let find = ids.iter().fold(find.bind(tenant).bind(person), |find, id| find.bind(*id));
        self.db.all(find).await?.iter().map(message).collect()
    }

    async fn attachments(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<AttachmentId>,
        limit: i64,
    ) -> Stored<Vec<Attachment>> {
        let page = sql("SELECT * FROM attachments
             WHERE tenant_id = $1 AND person_id = $2 AND id > $3 ORDER BY id LIMIT $4");
        self.db.all(paged(page, tenant, person, after, limit)).await?.iter().map(attachment).collect()
    }

    async fn memories(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<MemoryId>,
        limit: i64,
    ) -> Stored<Vec<Memory>> {
        let page = sql("SELECT * FROM memories
             WHERE tenant_id = $1 AND person_id = $2 AND id > $3 ORDER BY id LIMIT $4");
        self.db.all(paged(page, tenant, person, after, limit)).await?.iter().map(memory).collect()
    }

    async fn usage(
        &self,
        tenant: TenantId,
        person: PersonId,
        after: Option<UsageId>,
        limit: i64,
    ) -> Stored<Vec<UsageEntry>> {
        let page = sql("SELECT * FROM usage_entries
             WHERE tenant_id = $1 AND person_id = $2 AND id > $3 ORDER BY id LIMIT $4");
        self.db.all(paged(page, tenant, person, after, limit)).await?.iter().map(entry).collect()
    }
}

/// No id that is given out is nil.
fn paged(
    page: Query,
    tenant: TenantId,
    person: PersonId,
    after: Option<impl Into<Value>>,
    limit: i64,
) -> Query {
    let after: Value = after.map_or_else(|| Uuid::nil().into(), Into::into);
    page.bind(tenant).bind(person).bind(after).bind(limit)
}

pub(super) fn holdings(row: &Row) -> Stored<Holdings> {
    Ok(Holdings {
        conversations: row.get("conversations")?,
        messages: row.get("messages")?,
        attachments: row.get("attachments")?,
        attachment_bytes: row.get("attachment_bytes")?,
        memories: row.get("memories")?,
    })
}
