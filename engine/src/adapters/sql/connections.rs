//! Model connections in SQL. Keys come and go sealed; nothing here can open them.

use super::query::{Row, sql};
use super::store::SqlStore;
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, TenantId};
use crate::domain::names::name_key;
use crate::ports::connections::Connections;
use crate::ports::error::Stored;
use async_trait::async_trait;

#[async_trait]
impl Connections for SqlStore {
    async fn add(&self, connection: &Connection) -> Stored<()> {
        let insert = sql("INSERT INTO connections
             (id, tenant_id, name, name_key, base_url, model, sealed_key, context_tokens, continues_text,
              rank, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(connection.id)
        .bind(connection.tenant)
        .bind(&connection.name)
        .bind(name_key(&connection.name))
        .bind(&connection.base_url)
        .bind(&connection.model)
        .bind(connection.sealed_key.clone())
        .bind(connection.context_tokens)
        .bind(connection.continues_text)
        .bind(connection.rank)
        .bind(connection.created_at);
        self.db.run(insert).await.map_err(|error| error.taken("this connection's name"))?;
        Ok(())
    }

    async fn find(&self, tenant: TenantId, id: ConnectionId) -> Stored<Option<Connection>> {
        let find = sql("SELECT * FROM connections WHERE tenant_id = $1 AND id = $2").bind(tenant).bind(id);
        self.db.one(find).await?.map(|row| connection(&row)).transpose()
    }

    async fn list(&self, tenant: TenantId) -> Stored<Vec<Connection>> {
        let list =
            sql("SELECT * FROM connections WHERE tenant_id = $1 ORDER BY rank, created_at, id").bind(tenant);
        self.db.all(list).await?.iter().map(connection).collect()
    }

    async fn update(&self, connection: &Connection) -> Stored<bool> {
        let update = sql("UPDATE connections
             SET name = $3, name_key = $4, base_url = $5, model = $6, sealed_key = $7,
                 context_tokens = $8, continues_text = $9, rank = $10
             WHERE tenant_id = $1 AND id = $2")
        .bind(connection.tenant)
        .bind(connection.id)
        .bind(&connection.name)
        .bind(name_key(&connection.name))
        .bind(&connection.base_url)
        .bind(&connection.model)
        .bind(connection.sealed_key.clone())
        .bind(connection.context_tokens)
        .bind(connection.continues_text)
        .bind(connection.rank);
        Ok(self.db.run(update).await.map_err(|error| error.taken("this connection's name"))? == 1)
    }

    async fn remove(&self, tenant: TenantId, id: ConnectionId) -> Stored<bool> {
        let delete = sql("DELETE FROM connections WHERE tenant_id = $1 AND id = $2").bind(tenant).bind(id);
        Ok(self.db.run(delete).await? == 1)
    }
}

fn connection(row: &Row) -> Stored<Connection> {
    Ok(Connection {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        name: row.get("name")?,
        base_url: row.get("base_url")?,
        model: row.get("model")?,
        sealed_key: row.get("sealed_key")?,
        context_tokens: row.get("context_tokens")?,
        continues_text: row.get("continues_text")?,
        rank: row.get("rank")?,
        created_at: row.get("created_at")?,
    })
}
