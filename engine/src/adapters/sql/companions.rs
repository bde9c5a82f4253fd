//! Companions in SQL, each character one JSON document.

use super::query::{Row, sql};
use super::store::SqlStore;
use crate::domain::companion::{Character, Companion};
use crate::domain::ids::{CompanionId, TenantId};
use crate::domain::names::name_key;
use crate::ports::companions::Companions;
use crate::ports::error::{StoreError, Stored};
use async_trait::async_trait;

#[async_trait]
impl Companions for SqlStore {
    async fn add(&self, companion: &Companion) -> Stored<()> {
        let insert = sql("INSERT INTO companions
             (id, tenant_id, name, name_key, character, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(companion.id)
        .bind(companion.tenant)
        .bind(&companion.name)
        .bind(name_key(&companion.name))
        .bind(character_text(&companion.character)?)
        .bind(companion.created_at)
        .bind(companion.updated_at);
        self.db.run(insert).await.map_err(|error| error.taken("this companion's name"))?;
        Ok(())
    }

    async fn find(&self, tenant: TenantId, id: CompanionId) -> Stored<Option<Companion>> {
        let find = sql("SELECT * FROM companions WHERE tenant_id = $1 AND id = $2").bind(tenant).bind(id);
        self.db.one(find).await?.map(|row| companion(&row)).transpose()
    }

    async fn find_by_name(&self, tenant: TenantId, name: &str) -> Stored<Option<Companion>> {
        let find = sql("SELECT * FROM companions WHERE tenant_id = $1 AND name_key = $2")
            .bind(tenant)
            .bind(name_key(name));
        self.db.one(find).await?.map(|row| companion(&row)).transpose()
    }

    async fn list(&self, tenant: TenantId) -> Stored<Vec<Companion>> {
        let list = sql("SELECT * FROM companions WHERE tenant_id = $1 ORDER BY created_at, id").bind(tenant);
        self.db.all(list).await?.iter().map(companion).collect()
    }

    async fn update(&self, companion: &Companion) -> Stored<bool> {
        let update = sql("UPDATE companions
             SET name = $3, name_key = $4, character = $5, updated_at = $6
             WHERE tenant_id = $1 AND id = $2")
        .bind(companion.tenant)
        .bind(companion.id)
        .bind(&companion.name)
        .bind(name_key(&companion.name))
        .bind(character_text(&companion.character)?)
        .bind(companion.updated_at);
        Ok(self.db.run(update).await.map_err(|error| error.taken("this companion's name"))? == 1)
    }
}

fn companion(row: &Row) -> Stored<Companion> {
    Ok(Companion {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        name: row.get("name")?,
        character: character(&row.get::<String>("character")?)?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn character_text(character: &Character) -> Stored<String> {
    serde_json::to_string(character).map_err(|error| StoreError::Internal {
        reason: "a character does not become JSON".into(),
        source: Some(Box::new(error)),
    })
}

fn character(text: &str) -> Stored<Character> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Corrupt { reason: format!("companions.character: {error}") })
}
