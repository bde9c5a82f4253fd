//! Things worth keeping near, and news worth passing on. Both may be lost at any time.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
#[error("the cache cannot be reached: {0}")]
pub struct CacheError(pub String);

#[async_trait]
pub trait Cache: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError>;
    async fn set(&self, key: &str, value: Bytes, life: Duration) -> Result<(), CacheError>;
    async fn remove(&self, key: &str) -> Result<(), CacheError>;
    async fn ping(&self) -> Result<(), CacheError>;
    /// Writes down what must survive a restart, where this cache can.
    async fn flush(&self) -> Result<(), CacheError>;
}

#[async_trait]
pub trait Bus: Send + Sync {
    /// Everybody who listens now gets it, at most once.
    async fn publish(&self, topic: &str, news: Bytes) -> Result<(), CacheError>;
    /// News from now on, in order. The stream ends where news may have been missed (a slow reader,
    /// a lost link): read the truth from the Store and subscribe again.
    async fn subscribe(&self, topic: &str) -> Result<BoxStream<'static, Bytes>, CacheError>;
}
