//! From a stored connection to something that can be asked: opening its key, building its model.

use super::embedders::Embedder;
use super::models::{LanguageModel, ModelError};
use crate::domain::connection::Connection;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A provider's key in the clear: wiped when dropped, never printed.
#[derive(Clone)]
pub struct ProviderKey(Zeroizing<String>);

impl ProviderKey {
    pub fn new(key: String) -> Self {
        Self(Zeroizing::new(key))
    }

    /// For the one header it belongs in.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProviderKey(…)")
    }
}

#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the stored key cannot be opened; enter it again")]
pub struct UnreadableKey;

pub trait KeyOpener: Send + Sync {
    /// Opens `connection.sealed_key`; `None` where the connection has no key.
    fn open(&self, connection: &Connection) -> Result<Option<ProviderKey>, UnreadableKey>;
}

pub trait ModelBuilder: Send + Sync {
    /// Does no I/O; fails where the connection can never be called, such as on a broken address.
    fn build(
        &self,
        connection: &Connection,
        key: Option<ProviderKey>,
    ) -> Result<Arc<dyn LanguageModel>, ModelError>;

    /// The same connection, asked for vectors.
    fn build_embedder(
        &self,
        connection: &Connection,
        key: Option<ProviderKey>,
    ) -> Result<Arc<dyn Embedder>, ModelError>;
}
