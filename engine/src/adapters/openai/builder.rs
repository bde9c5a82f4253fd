//! Makes a model from a connection; all of them share one outbound client and its connections.

use super::config::OpenAiConfig;
use super::model::OpenAiModel;
use crate::domain::connection::Connection;
use crate::ports::clock::Clock;
use crate::ports::embedders::Embedder;
use crate::ports::models::{LanguageModel, ModelError};
use crate::ports::providers::{ModelBuilder, ProviderKey};
use engine_outbound::client::Outbound;
use std::sync::Arc;

pub struct OpenAiBuilder {
    pub outbound: Arc<Outbound>,
    pub config: OpenAiConfig,
    pub clock: Arc<dyn Clock>,
}

impl OpenAiBuilder {
    fn open(&self, connection: &Connection, key: Option<ProviderKey>) -> Result<OpenAiModel, ModelError> {
        let (outbound, clock) = (Arc::clone(&self.outbound), Arc::clone(&self.clock));
        OpenAiModel::new(connection, key, outbound, self.config, clock)
    }
}

impl ModelBuilder for OpenAiBuilder {
    fn build(
        &self,
        connection: &Connection,
        key: Option<ProviderKey>,
    ) -> Result<Arc<dyn LanguageModel>, ModelError> {
        Ok(Arc::new(self.open(connection, key)?))
    }

    fn build_embedder(
        &self,
        connection: &Connection,
        key: Option<ProviderKey>,
    ) -> Result<Arc<dyn Embedder>, ModelError> {
        Ok(Arc::new(self.open(connection, key)?))
    }
}
