//! The links of all connections, kept between turns so that health is remembered.

use super::breaker::{Breaker, BreakerRules};
use super::chain::Link;
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, TenantId};
use crate::ports::embedders::Embedder;
use crate::ports::models::{DeltaStream, LanguageModel, ModelError, ModelRequest};
use crate::ports::providers::{KeyOpener, ModelBuilder, ProviderKey};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub struct ModelPool {
    builder: Arc<dyn ModelBuilder>,
    keys: Arc<dyn KeyOpener>,
    rules: BreakerRules,
    links: Mutex<HashMap<ConnectionId, Arc<Link>>>,
}

impl ModelPool {
    pub fn new(builder: Arc<dyn ModelBuilder>, keys: Arc<dyn KeyOpener>, rules: BreakerRules) -> Self {
        Self { builder, keys, rules, links: Mutex::new(HashMap::new()) }
    }

    /// A link for each of the tenant's `connections`, in their order. A connection that was edited
    /// gets a new link and a clean slate; one that is gone is forgotten.
    pub fn links(&self, tenant: TenantId, connections: &[Connection]) -> Vec<Arc<Link>> {
        let mut kept = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|id, link| {
            link.connection.tenant != tenant || connections.iter().any(|connection| connection.id == *id)
        });
        connections
            .iter()
            .map(|connection| {
                if let Some(link) = kept.get(&connection.id)
                    && link.connection == *connection
                {
                    return Arc::clone(link);
                }
                let (link, lasts) = self.link(connection);
                if lasts {
                    kept.insert(connection.id, Arc::clone(&link));
                }
                link
            })
            .collect()
    }

    /// The model of one connection, for *Test* and the model list; its health is not touched.
    pub fn model(&self, connection: &Connection) -> Result<Arc<dyn LanguageModel>, ModelError> {
        self.builder.build(connection, self.key(connection)?)
    }

    /// The same connection, asked for vectors.
    pub fn embedder(&self, connection: &Connection) -> Result<Arc<dyn Embedder>, ModelError> {
        self.builder.build_embedder(connection, self.key(connection)?)
    }

    fn key(&self, connection: &Connection) -> Result<Option<ProviderKey>, ModelError> {
        self.keys.open(connection).map_err(|error| {
            tracing::warn!(connection.id = %connection.id, "connection {}: {error}", connection.id);
            ModelError::Unauthorized
        })
    }

    /// A connection that cannot be built fails in its turn like any other, and is not kept: what
    /// was wrong may be right the next time.
    fn link(&self, connection: &Connection) -> (Arc<Link>, bool) {
        let (model, lasts) = match self.model(connection) {
            Ok(model) => (model, true),
            Err(error) => (Arc::new(Unusable(error)) as Arc<dyn LanguageModel>, false),
        };
        let breaker = Arc::new(Breaker::new(self.rules));
        (Arc::new(Link { connection: connection.clone(), model, breaker }), lasts)
    }
}

struct Unusable(ModelError);

#[async_trait]
impl LanguageModel for Unusable {
    async fn reply(&self, _request: ModelRequest) -> Result<DeltaStream, ModelError> {
        Err(self.0.clone())
    }

    async fn list_models(&self) -> Result<Vec<String>, ModelError> {
        Err(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::models::breaker::Permit;
    use crate::models::tests::connection;
    use crate::ports::providers::UnreadableKey;
    use std::time::Duration;

    /// Opens every key but an empty one.
    struct Keys;

    impl KeyOpener for Keys {
        fn open(&self, connection: &Connection) -> Result<Option<ProviderKey>, UnreadableKey> {
            match connection.sealed_key.as_deref() {
                Some([]) => Err(UnreadableKey),
                Some(_) => Ok(Some(ProviderKey::new("key".to_owned()))),
                None => Ok(None),
            }
        }
    }

    struct Builder;

    impl ModelBuilder for Builder {
        fn build(
            &self,
            _connection: &Connection,
            key: Option<ProviderKey>,
        ) -> Result<Arc<dyn LanguageModel>, ModelError> {
            let seen = key.map_or("none".to_owned(), |key| key.reveal().to_owned());
            Ok(Arc::new(Unusable(ModelError::UnknownModel { model: seen })))
        }

        fn build_embedder(
            &self,
            _connection: &Connection,
            _key: Option<ProviderKey>,
        ) -> Result<Arc<dyn Embedder>, ModelError> {
            Err(ModelError::NoneConnected)
        }
    }

    fn pool() -> ModelPool {
        ModelPool::new(
            Arc::new(Builder),
            Arc::new(Keys),
            BreakerRules { failures: 3, ..BreakerRules::default() },
        )
    }

    #[test]
    fn health_is_kept_until_the_connection_is_edited_or_gone() {
        let pool = pool();
        let (mut a, b) = (connection("a"), connection("b"));
        let first = pool.links(a.tenant, &[a.clone(), b.clone()]);
        for _ in 0..3 {
            first[0].breaker.failed(Timestamp(0));
        }
        let resting = Permit::Rest(Duration::from_secs(5));
        let health =
            |connections: &[Connection]| pool.links(a.tenant, connections)[0].breaker.ask(Timestamp(0));
        assert_eq!(health(&[a.clone(), b.clone()]), resting);
        assert_eq!(health(std::slice::from_ref(&b)), Permit::Go);
        assert_eq!(health(std::slice::from_ref(&a)), Permit::Go);
        for _ in 0..3 {
            pool.links(a.tenant, std::slice::from_ref(&a))[0].breaker.failed(Timestamp(0));
        }
        let other_tenant = TenantId(uuid::Uuid::from_u128(99));
        assert!(pool.links(other_tenant, &[]).is_empty());
        assert_eq!(pool.links(a.tenant, std::slice::from_ref(&a))[0].breaker.ask(Timestamp(0)), resting);
        a.base_url = "http://elsewhere/v1".to_owned();
        assert_eq!(pool.links(a.tenant, &[a.clone()])[0].breaker.ask(Timestamp(0)), Permit::Go);
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_opened_fails_its_connection_until_it_can() {
        let pool = pool();
        let mut a = connection("a");
        a.sealed_key = Some(Vec::new());
        let links = pool.links(a.tenant, &[a.clone()]);
        assert_eq!(links[0].model.list_models().await, Err(ModelError::Unauthorized));
        a.sealed_key = Some(vec![1]);
        let links = pool.links(a.tenant, &[a.clone()]);
        let opened = ModelError::UnknownModel { model: "key".to_owned() };
        assert_eq!(links[0].model.list_models().await, Err(opened));
    }
}
