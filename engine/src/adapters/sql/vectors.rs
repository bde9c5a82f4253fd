//! Vectors at rest in SQL, beside their memories: little-endian `f32`, with the embedder's name.
//!
//! Nothing is compared here; that is an index's work, which learns of changes through the outbox.

use super::memories::{scope, vector_entry};
use super::outbox::insert_entry;
use super::query::{Row, sql};
use super::store::SqlStore;
use crate::domain::memory::Owner;
use crate::ports::error::{StoreError, Stored};
use crate::ports::vectors::{VectorNews, VectorRow, VectorRows};
use async_trait::async_trait;

#[async_trait]
impl VectorRows for SqlStore {
    async fn put(&self, row: &VectorRow) -> Stored<()> {
        if row.vector.iter().any(|number| !number.is_finite()) {
            let reason = "a vector holds something that is no number".into();
            return Err(StoreError::Internal { reason, source: None });
        }
        let owner = row.owner;
        let mut tx = self.db.begin().await?;
        // Locked, so that a memory cannot be forgotten between the look and the write.
        let lock = self.db.dialect().pick(
            "SELECT scope FROM memories
             WHERE tenant_id = $1 AND person_id = $2 AND companion_id = $3 AND id = $4",
            "SELECT scope FROM memories
             WHERE tenant_id = $1 AND person_id = $2 AND companion_id = $3 AND id = $4 FOR SHARE",
        );
        let lock = sql(lock).bind(owner.tenant).bind(owner.person).bind(owner.companion).bind(row.memory);
        let Some(memory) = tx.one(lock).await? else { return Ok(()) };
        let upsert = sql("INSERT INTO memory_vectors (memory_id, tenant_id, model, dimension, vector)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (memory_id, model)
             DO UPDATE SET dimension = excluded.dimension, vector = excluded.vector")
        .bind(row.memory)
        .bind(owner.tenant)
        .bind(&row.model)
        .bind(row.vector.len() as i64)
        .bind(bytes(&row.vector));
        tx.run(upsert).await?;
        // The memory's own scope counts, so an index can never widen it.
        let news = VectorRow { scope: scope(&memory.get::<String>("scope")?)?, ..row.clone() };
        let entry = vector_entry(self.clock.as_ref(), owner, &VectorNews::Upsert(news))?;
        tx.run(insert_entry(&entry)).await?;
        tx.commit().await
    }

    async fn of_owner(&self, owner: Owner, model: &str) -> Stored<Vec<VectorRow>> {
        let list = sql("SELECT m.id, m.scope, v.dimension, v.vector
             FROM memories m JOIN memory_vectors v ON v.memory_id = m.id
             WHERE m.tenant_id = $1 AND m.person_id = $2 AND m.companion_id = $3 AND v.model = $4
             ORDER BY m.id")
        .bind(owner.tenant)
        .bind(owner.person)
        .bind(owner.companion)
        .bind(model);
        self.db.all(list).await?.iter().map(|row| vector_row(row, owner, model)).collect()
    }
}

fn vector_row(row: &Row, owner: Owner, model: &str) -> Stored<VectorRow> {
    let vector = numbers(&row.get::<Vec<u8>>("vector")?);
    if row.get::<i64>("dimension")? != vector.len() as i64 {
        return Err(StoreError::Corrupt { reason: "memory_vectors.vector has another length".into() });
    }
    Ok(VectorRow {
        memory: row.get("id")?,
        owner,
        scope: scope(&row.get::<String>("scope")?)?,
        model: model.to_owned(),
        vector,
    })
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    let (whole, _) = bytes.as_chunks::<4>();
    whole.iter().map(|four| f32::from_le_bytes(*four)).collect()
}
