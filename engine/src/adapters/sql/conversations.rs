//! Conversations and their summaries in SQL.

use super::messages::{insert_message, newest_leaf, owner_word};
use super::query::{Query, Row, assembled, sql};
use super::store::SqlStore;
use crate::domain::conversation::{Conversation, Summary};
use crate::domain::ids::{ConversationId, PersonId, TenantId};
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use crate::ports::conversations::{Before, ConversationEdit, Conversations, ListFilter};
use crate::ports::error::Stored;
use async_trait::async_trait;
use uuid::Uuid;

#[async_trait]
impl Conversations for SqlStore {
    async fn add(&self, conversation: &Conversation, greeting: Option<&Message>) -> Stored<()> {
        let head = greeting.map(|message| message.id).or(conversation.head);
        let insert = sql("INSERT INTO conversations
             (id, tenant_id, person_id, companion_id, title, pinned, head, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(conversation.id)
        .bind(conversation.tenant)
        .bind(conversation.person)
        .bind(conversation.companion)
        .bind(conversation.title.clone())
        .bind(conversation.pinned)
        .bind(head)
        .bind(conversation.created_at)
        .bind(conversation.updated_at);
        let mut tx = self.db.begin().await?;
        tx.run(insert).await.map_err(|error| error.taken("this conversation"))?;
        if let Some(greeting) = greeting {
            let owner = owner_word(conversation.person, conversation.companion);
            tx.run(insert_message(greeting, &owner, true))
                .await
                .map_err(|error| error.taken("this message"))?;
        }
        tx.commit().await
    }

    async fn find(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: ConversationId,
    ) -> Stored<Option<Conversation>> {
        let find = sql("SELECT * FROM conversations
             WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND removed_at IS NULL");
        self.db.one(scoped(find, tenant, person, id)).await?.map(|row| conversation(&row)).transpose()
    }

    async fn list(
        &self,
        tenant: TenantId,
        person: PersonId,
        filter: ListFilter,
        before: Option<Before>,
        limit: i64,
    ) -> Stored<Vec<Conversation>> {
        let everything = Before { updated_at: Timestamp(i64::MAX), id: ConversationId(Uuid::max()) };
        let before = before.unwrap_or(everything);
        let removed = if filter.removed { "removed_at IS NOT NULL" } else { "removed_at IS NULL" };
        let pinned = filter.pinned.map_or("", |_| "AND pinned = $6");
        let list = assembled(format!(
            "SELECT * FROM conversations
             WHERE tenant_id = $1 AND person_id = $2 AND (updated_at, id) < ($3, $4) AND {removed} {pinned}
             ORDER BY updated_at DESC, id DESC LIMIT $5"
        ))
        .bind(tenant)
        .bind(person)
        .bind(before.updated_at)
        .bind(before.id)
        .bind(limit);
        let list = filter.pinned.into_iter().fold(list, Query::bind);
        self.db.all(list).await?.iter().map(conversation).collect()
    }

    async fn edit(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: ConversationId,
        edits: &[ConversationEdit],
    ) -> Stored<bool> {
        let mut tx = self.db.begin().await?;
        for edit in edits {
            if tx.run(edited(edit, tenant, person, id)).await? == 0 {
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn summary(&self, tenant: TenantId, id: ConversationId) -> Stored<Option<Summary>> {
        let find = sql("SELECT text, up_to FROM summaries WHERE tenant_id = $1 AND conversation_id = $2")
            .bind(tenant)
            .bind(id);
        let row = self.db.one(find).await?;
        row.map(|row| Ok(Summary { text: row.get("text")?, up_to: row.get("up_to")? })).transpose()
    }

    async fn set_summary(&self, tenant: TenantId, id: ConversationId, summary: &Summary) -> Stored<()> {
        // Of a conversation that is gone, nothing is kept.
        let upsert = sql("INSERT INTO summaries (conversation_id, tenant_id, text, up_to)
             SELECT c.id, c.tenant_id, $3, $4 FROM conversations c WHERE c.tenant_id = $1 AND c.id = $2
             ON CONFLICT (conversation_id) DO UPDATE SET text = excluded.text, up_to = excluded.up_to")
        .bind(tenant)
        .bind(id)
        .bind(&summary.text)
        .bind(summary.up_to);
        self.db.run(upsert).await.map(|_| ())
    }
}

fn edited(edit: &ConversationEdit, tenant: TenantId, person: PersonId, id: ConversationId) -> Query {
    let said_here =
        "AND EXISTS (SELECT 1 FROM messages WHERE messages.id = $4 AND messages.conversation_id = $3)";
    let (change, only_where) = match edit {
        ConversationEdit::Title(_) => ("title = $4".to_owned(), ""),
        ConversationEdit::Pinned(_) => ("pinned = $4".to_owned(), ""),
        ConversationEdit::Head(_) => ("head = $4".to_owned(), said_here),
        ConversationEdit::Through(_) => (format!("head = {}", newest_leaf("$3", "$4")), said_here),
    };
    let update = assembled(format!(
        "UPDATE conversations SET {change}
         WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND removed_at IS NULL {only_where}"
    ));
    let update = scoped(update, tenant, person, id);
    match edit {
        ConversationEdit::Title(title) => update.bind(title.clone()),
        ConversationEdit::Pinned(pinned) => update.bind(*pinned),
        ConversationEdit::Head(message) | ConversationEdit::Through(message) => update.bind(*message),
    }
}

pub(super) fn scoped(query: Query, tenant: TenantId, person: PersonId, id: ConversationId) -> Query {
    query.bind(tenant).bind(person).bind(id)
}

pub(super) fn conversation(row: &Row) -> Stored<Conversation> {
    Ok(Conversation {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        companion: row.get("companion_id")?,
        title: row.get("title")?,
        pinned: row.get("pinned")?,
        head: row.get("head")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
