//! Connections as the owner handles them: added with a sealed key, tested for real, removed.

use super::pool::ModelPool;
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, TenantId};
use crate::ports::clock::Clock;
use crate::ports::connections::Connections;
use crate::ports::error::{StoreError, Stored};
use crate::ports::models::ModelError;
use crate::ports::providers::{KeyOpener, ProviderKey, UnreadableKey};
use crate::secrets::vault::Vault;
use std::sync::Arc;
use url::Url;

/// What most servers can take these days, where the owner does not say.
const USUAL_CONTEXT_TOKENS: i64 = 8192;
const SMALLEST_CONTEXT_TOKENS: i64 = 512;
const PURPOSE: &str = "connection-key";

#[derive(Clone)]
pub struct ConnectionDesk {
    pub connections: Arc<dyn Connections>,
    pub pool: Arc<ModelPool>,
    pub vault: Arc<Vault>,
    pub clock: Arc<dyn Clock>,
}

#[derive(Clone)]
pub struct Wanted {
    pub name: Option<String>,
    pub url: String,
    pub model: String,
    pub key: Option<String>,
    pub context_tokens: Option<i64>,
    pub continues_text: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("{field}: {reason}")]
    Invalid { field: &'static str, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConnectionDesk {
    /// Adds it as the last one to be tried.
    pub async fn add(&self, tenant: TenantId, wanted: Wanted) -> Result<Connection, ConnectionError> {
        let url = checked_url(&wanted.url)?;
        if wanted.model.trim().is_empty() {
            return Err(invalid("model", "the name of a model, as the server knows it"));
        }
        let context_tokens = wanted.context_tokens.unwrap_or(USUAL_CONTEXT_TOKENS);
        if context_tokens < SMALLEST_CONTEXT_TOKENS {
            return Err(invalid("context_tokens", "at least 512"));
        }
        let known = self.connections.list(tenant).await?;
        let key = wanted.key.filter(|key| !key.trim().is_empty());
        let connection = Connection {
            id: ConnectionId(self.clock.new_id()),
            tenant,
            name: wanted.name.unwrap_or_else(|| free_name(url.host_str().unwrap_or("model"), &known)),
            base_url: url.as_str().trim_end_matches('/').to_owned(),
            model: wanted.model.trim().to_owned(),
            sealed_key: key.map(|key| self.vault.seal(PURPOSE, key.trim().as_bytes(), &*self.clock)),
            context_tokens,
            continues_text: wanted.continues_text,
            rank: known.iter().map(|connection| connection.rank + 1).max().unwrap_or(0),
            created_at: self.clock.now(),
        };
        self.connections.add(&connection).await?;
        Ok(connection)
    }

    pub async fn list(&self, tenant: TenantId) -> Stored<Vec<Connection>> {
        self.connections.list(tenant).await
    }

    pub async fn remove(&self, tenant: TenantId, id: ConnectionId) -> Stored<bool> {
        self.connections.remove(tenant, id).await
    }

    /// Asks the server what it offers; `None` where there is no such connection.
    pub async fn test(
        &self,
        tenant: TenantId,
        id: ConnectionId,
    ) -> Stored<Option<Result<Vec<String>, ModelError>>> {
        let Some(connection) = self.connections.find(tenant, id).await? else { return Ok(None) };
        let models = match self.pool.model(&connection) {
            Ok(model) => model.list_models().await,
            Err(error) => Err(error),
        };
        Ok(Some(models))
    }
}

/// Opens what `add` sealed.
pub struct SealedKeys(pub Arc<Vault>);

impl KeyOpener for SealedKeys {
    fn open(&self, connection: &Connection) -> Result<Option<ProviderKey>, UnreadableKey> {
        let Some(sealed) = &connection.sealed_key else { return Ok(None) };
        let plain = self.0.open(PURPOSE, sealed).map_err(|_| UnreadableKey)?;
        let key = std::str::from_utf8(&plain).map_err(|_| UnreadableKey)?;
        Ok(Some(ProviderKey::new(key.to_owned())))
    }
}

fn checked_url(text: &str) -> Result<Url, ConnectionError> {
    let url = engine_outbound::request::parse_url(text.trim())
        .map_err(|error| invalid("url", &error.to_string()))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("url", "the root of the API, without a query"));
    }
    Ok(url)
}

fn free_name(host: &str, known: &[Connection]) -> String {
    let taken = |name: &str| known.iter().any(|connection| connection.name == name);
    let numbered = (2..).map(|n| format!("{host} {n}"));
    std::iter::once(host.to_owned())
        .chain(numbered)
        .find(|name| !taken(name))
        .unwrap_or_else(|| host.to_owned())
}

fn invalid(field: &'static str, reason: &str) -> ConnectionError {
    ConnectionError::Invalid { field, reason: reason.to_owned() }
}
