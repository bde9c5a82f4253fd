//! The way to the server: one connection for commands, opened when first needed and again when lost.
//!
//! Every key and topic carries the installation's prefix, so one server can serve several. No command
//! takes longer than `PATIENCE`, connecting included.

use crate::ports::cache::CacheError;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError};
use std::time::Duration;
use tokio::time::timeout;

/// What a caller waits at most: a cache that is slower than the Store is no help.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// Leaves room within `PATIENCE` for a second try.
const TRY: Duration = Duration::from_millis(450);

#[derive(Clone)]
pub struct RedisLink {
    client: Client,
    commands: ConnectionManager,
    prefix: String,
}

/// Whether a command that may have arrived can be sent a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Harmless,
    Never,
}

impl RedisLink {
    /// Opens nothing yet. `url` is `redis://[name:password@]host[:port][/database]`. Must be called
    /// within a tokio runtime, on which the connection is kept.
    pub fn new(url: &str, prefix: &str) -> Result<Self, CacheError> {
        let client = Client::open(url).map_err(failed)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(TRY))
            .set_response_timeout(Some(TRY));
        let commands = ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(failed)?;
        Ok(Self { client, commands, prefix: prefix.to_owned() })
    }

    pub(super) fn named(&self, kind: &str, name: &str) -> String {
        format!("{}:{kind}:{name}", self.prefix)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a command and reads its answer. A link that was lost may show only by using it, so what
    /// can be sent twice without harm is.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        command: &Cmd,
        repeat: Repeat,
    ) -> Result<T, CacheError> {
        let asked = async {
            let mut commands = self.commands.clone();
            match command.query_async(&mut commands).await {
                Err(error) if worth_a_second_try(&error, repeat) => command.query_async(&mut commands).await,
                answer => answer,
            }
        };
        timeout(PATIENCE, asked).await.map_err(|_| silent())?.map_err(failed)
    }
}

/// A refused connection carried nothing, and the refusal may be an old one: the manager hands out the
/// outcome of its last attempt, however long ago that was.
fn worth_a_second_try(error: &RedisError, repeat: Repeat) -> bool {
    let lost = error.is_unrecoverable_error() && !error.is_timeout();
    error.is_connection_refusal() || (repeat == Repeat::Harmless && lost)
}

pub(super) fn silent() -> CacheError {
    CacheError(format!("redis said nothing for {} ms", PATIENCE.as_millis()))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(super) fn failed(error: RedisError) -> CacheError {
    CacheError(error.to_string())
}
