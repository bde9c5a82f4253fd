//! Connections as the owner handles them: added with a sealed key, tested for real, changed, put in order,
//! removed.

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
const LONGEST_NAME: usize = 64;
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

/// What is `None` stays as it is.
#[derive(Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub url: Option<String>,
    pub model: Option<String>,
    /// An empty one takes the key away.
    pub key: Option<String>,
    pub context_tokens: Option<i64>,
    pub continues_text: Option<bool>,
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
        let model = checked_model(&wanted.model)?;
        let context_tokens = checked_context(wanted.context_tokens.unwrap_or(USUAL_CONTEXT_TOKENS))?;
        let name = wanted.name.map(|name| checked_name(&name)).transpose()?;
        let known = self.connections.list(tenant).await?;
        let connection = Connection {
            id: ConnectionId(self.clock.new_id()),
            tenant,
            name: name.unwrap_or_else(|| free_name(url.host_str().unwrap_or("model"), &known)),
            base_url: url.as_str().trim_end_matches('/').to_owned(),
            model,
            sealed_key: wanted.key.and_then(|key| self.sealed(&key)),
            context_tokens,
            continues_text: wanted.continues_text,
            rank: known.iter().map(|connection| connection.rank + 1).max().unwrap_or(0),
            created_at: self.clock.now(),
        };
        self.connections.add(&connection).await?;
        Ok(connection)
    }

    /// `None` where there is no such connection. A stored key never goes to another server: with a new
    /// address it is entered again or taken away.
    pub async fn change(
        &self,
        tenant: TenantId,
        id: ConnectionId,
        change: Change,
    ) -> Result<Option<Connection>, ConnectionError> {
        let Some(mut connection) = self.connections.find(tenant, id).await? else { return Ok(None) };
        if let Some(text) = change.url {
            let url = checked_url(&text)?;
            let same_server = Url::parse(&connection.base_url).is_ok_and(|old| old.origin() == url.origin());
            if !same_server && connection.sealed_key.is_some() && change.key.is_none() {
                let reason = "the stored key belongs to the old address; enter the key of the new one";
                return Err(invalid("key", reason));
            }
            url.as_str().trim_end_matches('/').clone_into(&mut connection.base_url);
        }
        if let Some(name) = change.name {
            connection.name = checked_name(&name)?;
        }
        if let Some(model) = change.model {
            connection.model = checked_model(&model)?;
        }
        if let Some(key) = change.key {
            connection.sealed_key = self.sealed(&key);
        }
        if let Some(tokens) = change.context_tokens {
            connection.context_tokens = checked_context(tokens)?;
        }
        connection.continues_text = change.continues_text.unwrap_or(connection.continues_text);
        Ok(self.connections.update(&connection).await?.then_some(connection))
    }

    /// Puts all connections in this order; gives them so, and which of them have moved.
    pub async fn order(
        &self,
        tenant: TenantId,
        order: &[ConnectionId],
    ) -> Result<(Vec<Connection>, Vec<ConnectionId>), ConnectionError> {
        let known = self.connections.list(tenant).await?;
        let place = |id: ConnectionId| order.iter().position(|&other| other == id);
        if known.len() != order.len() || known.iter().any(|connection| place(connection.id).is_none()) {
            return Err(invalid("order", "every connection once; the list has changed meanwhile"));
        }
        let mut moved = Vec::new();
        for (at, (&id, was)) in order.iter().zip(&known).enumerate() {
            let connection = known.iter().find(|connection| connection.id == id);
            let connection = connection.expect("every connection is in the order once");
            let rank = i64::try_from(at).expect("a list that fits into memory");
            if connection.rank != rank {
                self.connections.update(&Connection { rank, ..connection.clone() }).await?;
            }
            if was.id != id {
                moved.push(id);
            }
        }
        Ok((self.connections.list(tenant).await?, moved))
    }

    fn sealed(&self, key: &str) -> Option<Vec<u8>> {
        let key = key.trim();
        (!key.is_empty()).then(|| self.vault.seal(PURPOSE, key.as_bytes(), &*self.clock))
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

fn checked_model(text: &str) -> Result<String, ConnectionError> {
    let model = text.trim();
    if model.is_empty() || model.chars().any(char::is_control) {
        return Err(invalid("model", "the name of a model, as the server knows it"));
    }
    Ok(model.to_owned())
}

fn checked_name(text: &str) -> Result<String, ConnectionError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(invalid("name", "1 to 64 characters, none of them a control character"));
    }
    Ok(name.to_owned())
}

fn checked_context(tokens: i64) -> Result<i64, ConnectionError> {
    if tokens < SMALLEST_CONTEXT_TOKENS {
        return Err(invalid("context_tokens", "at least 512"));
    }
    Ok(tokens)
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
