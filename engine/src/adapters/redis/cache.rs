//! The cache on the server, which counts the entries' lives and bounds its memory itself.

use super::link::{RedisLink, Repeat};
use crate::ports::cache::{Cache, CacheError};
use async_trait::async_trait;
use bytes::Bytes;
use redis::Cmd;
use std::time::Duration;

/// Redis refuses a life that overflows its clock; ten years are as good as for ever.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 10);

pub struct RedisCache {
    link: RedisLink,
}

impl RedisCache {
    pub fn new(link: RedisLink) -> Self {
        Self { link }
    }

    fn key(&self, key: &str) -> String {
        self.link.named("cache", key)
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        self.link.ask(&Cmd::get(self.key(key)), Repeat::Harmless).await
    }

    async fn set(&self, key: &str, value: Bytes, life: Duration) -> Result<(), CacheError> {
        if life.is_zero() {
            return self.remove(key).await;
        }
        let life_ms = life.min(LONGEST).as_millis().max(1) as u64;
        let command = Cmd::pset_ex(self.key(key), value.as_ref(), life_ms);
        self.link.ask(&command, Repeat::Harmless).await
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.link.ask(&Cmd::del(self.key(key)), Repeat::Harmless).await
    }

    async fn ping(&self) -> Result<(), CacheError> {
        self.link.ask(&redis::cmd("PING"), Repeat::Harmless).await
    }

    /// What survives the server's restart is the server's own setting.
    async fn flush(&self) -> Result<(), CacheError> {
        Ok(())
    }
}
