//! Memories in SQL. Whose they are and where they may surface is part of every query.
//!
//! The full text lives where each database keeps it (`sqlite::search`, `postgres::search`);
//! vectors are in `vectors`. Forgetting takes all three at once and tells the index through the outbox.

use super::db::Dialect;
use super::messages::words as words_of;
use super::outbox::insert_entry;
use super::query::{Query, Row, assembled, places, sql};
use super::store::SqlStore;
use crate::adapters::{postgres, sqlite};
use crate::domain::ids::{MemoryId, OutboxId};
use crate::domain::job::OutboxEntry;
use crate::domain::memory::{Memory, Owner, Scope};
use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use crate::ports::memories::{Memories, MemoryHit};
use crate::ports::vectors::{VECTOR_TOPIC, VectorNews};
use async_trait::async_trait;

/// Ids in one statement, well under what both databases take.
const IDS_AT_ONCE: usize = 500;

#[async_trait]
impl Memories for SqlStore {
    async fn remember(&self, memory: &Memory) -> Stored<()> {
        let insert = sql("INSERT INTO memories
             (id, tenant_id, person_id, companion_id, scope, source_id, text, confidence_permille,
              created_at, last_used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(memory.id)
        .bind(memory.owner.tenant)
        .bind(memory.owner.person)
        .bind(memory.owner.companion)
        .bind(scope_text(&memory.scope))
        .bind(memory.source)
        .bind(&memory.text)
        .bind(memory.confidence_permille)
        .bind(memory.created_at)
        .bind(memory.last_used_at);
        self.db.run(insert).await.map_err(|error| error.taken("this memory"))?;
        Ok(())
    }

    async fn find(&self, owner: Owner, id: MemoryId) -> Stored<Option<Memory>> {
        let find = of_owner("SELECT * FROM memories", owner, "AND id = $4").bind(id);
        self.db.one(find).await?.map(|row| memory(&row)).transpose()
    }

    async fn list(&self, owner: Owner, limit: i64) -> Stored<Vec<Memory>> {
        let list = of_owner("SELECT * FROM memories", owner, "ORDER BY created_at DESC, id DESC LIMIT $4")
            .bind(limit);
        self.db.all(list).await?.iter().map(memory).collect()
    }

    async fn count(&self, owner: Owner) -> Stored<i64> {
        match self.db.one(of_owner("SELECT COUNT(*) AS n FROM memories", owner, "")).await? {
            Some(row) => row.get("n"),
            None => Ok(0),
        }
    }

    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        words: &[String],
        limit: i64,
    ) -> Stored<Vec<MemoryHit>> {
        let words = words_of(words);
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let search = match self.db.dialect() {
            Dialect::Sqlite => sqlite::search::memories(owner, &scope_text(scope), &words, limit),
            Dialect::Postgres => postgres::search::memories(owner, &scope_text(scope), &words, limit),
        };
        let rows = self.db.all(search).await?;
        rows.iter().map(|row| Ok(MemoryHit { memory: memory(row)?, score: row.get("score")? })).collect()
    }

    async fn touch(&self, owner: Owner, ids: &[MemoryId], at: Timestamp) -> Stored<()> {
        let mut tx = self.db.begin().await?;
        for some in ids.chunks(IDS_AT_ONCE) {
            let which = format!("AND id IN ({})", places(5, some.len()));
            let mut update = of_owner("UPDATE memories SET last_used_at = $4", owner, &which).bind(at);
            for id in some {
                update = update.bind(*id);
            }
            tx.run(update).await?;
        }
        tx.commit().await
    }

    async fn forget(&self, owner: Owner, id: MemoryId) -> Stored<bool> {
        let mut tx = self.db.begin().await?;
        // The vector goes with it, by its foreign key; the full text by a trigger or as a column.
        if tx.run(of_owner("DELETE FROM memories", owner, "AND id = $4").bind(id)).await? == 0 {
            return Ok(false);
        }
        let news = VectorNews::Forget { owner, memory: id };
        tx.run(insert_entry(&vector_entry(self.clock.as_ref(), owner, &news)?)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

pub(super) fn vector_entry(clock: &dyn Clock, owner: Owner, news: &VectorNews) -> Stored<OutboxEntry> {
    let payload = serde_json::to_string(news).map_err(|error| StoreError::Internal {
        reason: "news for the vector index do not become JSON".into(),
        source: Some(Box::new(error)),
    })?;
    Ok(OutboxEntry {
        id: OutboxId(clock.new_id()),
        tenant: owner.tenant,
        topic: VECTOR_TOPIC.into(),
        payload,
        created_at: clock.now(),
    })
}

/// A channel's id may be anything, so it stands last.
fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Private => "private".into(),
        Scope::Channel(id) => format!("channel:{id}"),
    }
}

pub(super) fn scope(text: &str) -> Stored<Scope> {
    match text.split_once(':') {
        None if text == "private" => Ok(Scope::Private),
        Some(("channel", id)) => Ok(Scope::Channel(id.to_owned())),
        _ => Err(StoreError::Corrupt { reason: "memories.scope names no scope".into() }),
    }
}

/// Owner in `$1` to `$3`; `rest` goes on from `$4`.
fn of_owner(what: &str, owner: Owner, rest: &str) -> Query {
    assembled(format!("{what} WHERE tenant_id = $1 AND person_id = $2 AND companion_id = $3 {rest}"))
        .bind(owner.tenant)
        .bind(owner.person)
        .bind(owner.companion)
}

pub(super) fn memory(row: &Row) -> Stored<Memory> {
    Ok(Memory {
        id: row.get("id")?,
        owner: Owner {
            tenant: row.get("tenant_id")?,
            person: row.get("person_id")?,
            companion: row.get("companion_id")?,
        },
        scope: scope(&row.get::<String>("scope")?)?,
        source: row.get("source_id")?,
        text: row.get("text")?,
        confidence_permille: row.get("confidence_permille")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}
