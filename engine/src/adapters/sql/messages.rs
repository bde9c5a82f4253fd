//! Messages in SQL: a tree walked up by parent, and searched by words.

use super::db::Dialect;
use super::query::{Query, Row, assembled, places, sql};
use super::store::SqlStore;
use crate::adapters::{postgres, sqlite};
use crate::domain::ids::{AttachmentId, CompanionId, ConversationId, MessageId, PersonId, TenantId};
use crate::domain::message::{Author, Message};
use crate::ports::conversations::{Found, MessageSearch, Messages};
use crate::ports::error::{StoreError, Stored};
use async_trait::async_trait;
use std::collections::{HashMap, HashSet};

/// More words than this make no search better, only slower.
const MOST_WORDS: usize = 64;
/// Longer ones are cut: one of the databases fails on a word of 2 KiB.
const LONGEST_WORD: usize = 100;

#[async_trait]
impl Messages for SqlStore {
    async fn find(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        id: MessageId,
    ) -> Stored<Option<Message>> {
        let find = sql("SELECT * FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3")
            .bind(tenant)
            .bind(conversation)
            .bind(id);
        self.db.one(find).await?.map(|row| message(&row)).transpose()
    }

    async fn find_all(&self, tenant: TenantId, person: PersonId, ids: &[MessageId]) -> Stored<Vec<Message>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let find = assembled(format!(
            "SELECT m.* FROM messages m JOIN conversations c ON c.id = m.conversation_id
             WHERE m.tenant_id = $1 AND c.tenant_id = $1 AND c.person_id = $2 AND c.removed_at IS NULL
               AND m.id IN ({})",
            places(3, ids.len())
        ));
        let find = ids.iter().fold(find.bind(tenant).bind(person), |find, id| find.bind(*id));
        self.db.all(find).await?.iter().map(message).collect()
    }

    async fn branch(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        leaf: MessageId,
        limit: i64,
    ) -> Stored<Vec<Message>> {
        let walk = sql(BRANCH).bind(tenant).bind(conversation).bind(leaf).bind(limit);
        self.db.all(walk).await?.iter().map(message).collect()
    }

    async fn variants(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        of: &[Message],
    ) -> Stored<HashMap<MessageId, Vec<MessageId>>> {
        let parents: HashSet<MessageId> = of.iter().filter_map(|message| message.parent).collect();
        let beginnings = of.iter().any(|message| message.parent.is_none());
        if parents.is_empty() && !beginnings {
            return Ok(HashMap::new());
        }
        let find = assembled(children_of(parents.len(), beginnings)).bind(tenant).bind(conversation);
        let find = parents.into_iter().fold(find, Query::bind);
        let mut wordings: HashMap<(Option<MessageId>, Author), Vec<MessageId>> = HashMap::new();
        for row in self.db.all(find).await? {
            let place = (row.get("parent_id")?, row.get("author")?);
            wordings.entry(place).or_default().push(row.get("id")?);
        }
        wordings.retain(|_, wordings| wordings.len() > 1);
        let of_place = |message: &Message| wordings.get(&(message.parent, message.author)).cloned();
        Ok(of.iter().filter_map(|message| Some((message.id, of_place(message)?))).collect())
    }

    async fn count(&self, tenant: TenantId, conversation: ConversationId) -> Stored<i64> {
        let count =
            sql("SELECT COUNT(*) AS many FROM messages WHERE tenant_id = $1 AND conversation_id = $2")
                .bind(tenant)
                .bind(conversation);
        self.db.one(count).await?.map_or(Ok(0), |row| row.get("many"))
    }

    async fn search(&self, search: &MessageSearch) -> Stored<Vec<Found>> {
        let words = words(&search.words);
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let owner = owner_word(search.owner.person, search.owner.companion);
        let query = match self.db.dialect() {
            Dialect::Sqlite => sqlite::search::messages(search, &owner, &words),
            Dialect::Postgres => postgres::search::messages(search, &owner, &words),
        };
        let rows = self.db.all(query).await?;
        rows.iter().map(|row| Ok(Found { message: message(row)?, score: row.get("score")? })).collect()
    }
}

/// Each step up is one look-up by id, so a long history costs nothing that is not asked for.
pub(super) const BRANCH: &str = "WITH RECURSIVE up (id, parent_id, depth) AS (
         SELECT id, parent_id, CAST(1 AS BIGINT) FROM messages
         WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3
         UNION ALL
         SELECT m.id, m.parent_id, up.depth + 1 FROM up JOIN messages m ON m.id = up.parent_id
         WHERE up.depth < $4 AND m.tenant_id = $1 AND m.conversation_id = $2
     )
     SELECT m.* FROM up JOIN messages m ON m.id = up.id ORDER BY up.depth LIMIT $4";

/// What was said under so many parents and, with `beginnings`, under none, oldest first.
pub(super) fn children_of(parents: usize, beginnings: bool) -> String {
    let children = |under: String| {
        format!(
            "SELECT id, parent_id, author, created_at FROM messages
             WHERE tenant_id = $1 AND conversation_id = $2 AND parent_id {under}"
        )
    };
    let named = (parents > 0).then(|| children(format!("IN ({})", places(3, parents))));
    let first = beginnings.then(|| children("IS NULL".into()));
    let both: Vec<String> = named.into_iter().chain(first).collect();
    format!("{} ORDER BY created_at, id", both.join(" UNION ALL "))
}

/// The newest end of the branch through `message`: its newest child, again and again. An answer that is
/// being written is the newest child of what it answers, though no message yet. `$1` is the tenant.
pub(super) fn newest_leaf(conversation: &str, message: &str) -> String {
    format!(
        "(WITH RECURSIVE down (id, depth) AS (
             SELECT top.id, CAST(1 AS BIGINT) FROM messages top
             WHERE top.tenant_id = $1 AND top.conversation_id = {conversation} AND top.id = {message}
             UNION ALL
             SELECT (SELECT child.id FROM messages child
                     WHERE child.tenant_id = $1 AND child.conversation_id = {conversation}
                       AND child.parent_id = down.id
                     ORDER BY child.created_at DESC, child.id DESC LIMIT 1), down.depth + 1
             FROM down WHERE down.id IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM turns t
                 WHERE t.conversation_id = {conversation} AND t.state = 'running' AND t.message_id = down.id)
         )
         SELECT down.id FROM down WHERE down.id IS NOT NULL ORDER BY down.depth DESC LIMIT 1)"
    )
}

/// Person and companion in one word, by which the full-text index tells owners apart.
pub(super) fn owner_word(person: PersonId, companion: CompanionId) -> String {
    format!("{}{}", person.0.simple(), companion.0.simple())
}

/// `findable` at once, or when its turn has ended; in a removed conversation, when it is brought back.
pub(super) fn insert_message(message: &Message, owner: &str, findable: bool) -> Query {
    let attachments: Vec<String> = message.attachments.iter().map(AttachmentId::to_string).collect();
    sql("INSERT INTO messages
         (id, tenant_id, conversation_id, parent_id, owner, author, text, state, model, turn_id, attachments,
          created_at, findable)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
             $13 * (SELECT COUNT(*) FROM conversations c WHERE c.id = $3 AND c.removed_at IS NULL))")
    .bind(message.id)
    .bind(message.tenant)
    .bind(message.conversation)
    .bind(message.parent)
    .bind(owner)
    .bind(message.author)
    .bind(&message.text)
    .bind(message.state)
    .bind(message.model.clone())
    .bind(message.turn)
    .bind(serde_json::Value::from(attachments).to_string())
    .bind(message.created_at)
    .bind(findable)
}

pub(super) fn message(row: &Row) -> Stored<Message> {
    let attachments: String = row.get("attachments")?;
    Ok(Message {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        conversation: row.get("conversation_id")?,
        parent: row.get("parent_id")?,
        author: row.get("author")?,
        text: row.get("text")?,
        state: row.get("state")?,
        model: row.get("model")?,
        turn: row.get("turn_id")?,
        attachments: serde_json::from_str(&attachments)
            .map_err(|error| StoreError::Corrupt { reason: format!("column attachments: {error}") })?,
        created_at: row.get("created_at")?,
    })
}

/// What can be searched for: words with at least one letter or digit.
pub(super) fn words(asked: &[String]) -> Vec<String> {
    let searchable = asked.iter().filter(|word| word.chars().any(char::is_alphanumeric));
    searchable.take(MOST_WORDS).map(|word| word.chars().take(LONGEST_WORD).collect()).collect()
}
