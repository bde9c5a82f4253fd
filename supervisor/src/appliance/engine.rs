//! The engine, as the configuration says: a Store, something near, and the way out.

use super::services::Backing;
use super::store;
use crate::config::areas::{CacheHome, Database};
use crate::config::load::Config;
use crate::secrets::root_key::Key;
use anyhow::Context as _;
use engine::adapters::memory::bus::MemoryBus;
use engine::adapters::memory::cache::{Bounds, MemoryCache};
use engine::adapters::openai::config::OpenAiConfig;
use engine::adapters::redis::bus::RedisBus;
use engine::adapters::redis::cache::RedisCache;
use engine::adapters::redis::link::RedisLink;
use engine::adapters::sql::migrate::SchemaPolicy;
use engine::adapters::sql::store::SqlStore;
use engine::adapters::standby::cache::StandbyCache;
use engine::assembly::{Engine, EngineParts, EngineSettings};
use engine::ports::cache::{Bus, Cache};
use engine::ports::clock::Clock;
use engine::ports::error::StoreError;
use engine::secrets::vault::Vault;
use engine_client::transport::in_process::in_process;
use engine_outbound::client::{Outbound, OutboundConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::ports::WayIn;

/// The cache is bounded by its bytes; this only keeps tiny entries from costing more to find than to hold.
const MOST_ENTRIES: usize = 1_000_000;

/// An engine with everything it stands on.
pub struct Running {
    engine: Engine,
    secret: String,
    database: Option<SocketAddr>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What an engine is started with, beside the configuration.
pub struct Footing {
    pub store_key: Key,
    pub secret: String,
    pub clock: Arc<dyn Clock>,
    pub policy: SchemaPolicy,
    /// Whether no other process may work on the same Store.
    pub is_alone: bool,
    /// What the box runs in containers of its own, where it does.
    pub backing: Option<Backing>,
}

impl Running {
    /// Opens the Store and starts an engine on it.
    pub async fn start(config: &Config, footing: &Footing) -> Result<Self, StartError> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = Arc::clone(&footing.clock);
        let database = match &footing.backing {
            Some(backing) if matches!(config.database, Database::Ours { .. }) => Some(backing.database()?),
            _ => None,
        };
        let place = store::place(config, footing.backing.as_ref().zip(database))?;
        let store = SqlStore::open(&place, &footing.policy, Arc::clone(&clock), &tasks).await?;
        let (cache, bus) = near(config, footing.backing.as_ref(), &clock, &tasks, &stop).await?;
        let parts = EngineParts {
            store: Arc::new(store).ports(),
            cache,
            bus,
            clock,
            vault: Arc::new(Vault::new(&footing.store_key)),
            outbound: Arc::new(Outbound::new(OutboundConfig {
                connect: config.models.connect,
                ..OutboundConfig::default()
            })),
            secret: footing.secret.clone(),
            settings: settings(config, footing.is_alone),
        };
        let engine = Engine::start(parts).await?;
        Ok(Self { engine, secret: footing.secret.clone(), database, tasks, stop })
    }

    /// Where the box's own database answered when it was opened, where it has one.
    pub fn database(&self) -> Option<SocketAddr> {
        self.database
    }

    pub fn router(&self) -> axum::Router {
        self.engine.router()
    }

    /// The way in for the front doors of this process.
    pub fn access(&self) -> WayIn {
        let router = self.engine.router().into_service::<engine_client::transport::Body>();
        WayIn { transport: in_process(router), secret: self.secret.clone() }
    }

    /// Stores what is written, hands over what is unfinished, closes everything. Whether all of it was closed in time.
    pub async fn drain(self, within: Duration) -> bool {
        let closing = async {
            self.engine.drain(within).await;
            self.stop.cancel();
            self.tasks.close();
            self.tasks.wait().await;
        };
        // A database that is gone must not keep us from ending.
        let is_closed = tokio::time::timeout(within + Duration::from_secs(1), closing).await.is_ok();
        if !is_closed {
            tracing::warn!("the store was not closed in time");
        }
        is_closed
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl StartError {
    /// Whether it may go by itself: a server that is not there may come.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable { .. }))
    }
}

fn settings(config: &Config, is_alone: bool) -> EngineSettings {
    EngineSettings {
        models: OpenAiConfig {
            first_token: config.models.first_token,
            silence: config.models.silence,
            ..OpenAiConfig::default()
        },
        attachment_quota_bytes: i64::try_from(config.limits.attachment_quota).unwrap_or(i64::MAX),
        turn_lease: config.limits.turn_lease,
        concurrent_turns: config.limits.concurrent_turns as usize,
        concurrent_jobs: config.limits.concurrent_jobs as usize,
        sole_owner: is_alone && matches!(config.database, Database::Sqlite { .. }),
        cleanup_every: config.cleanup.interval,
        ..EngineSettings::default()
    }
}

async fn near(
    config: &Config,
    backing: Option<&Backing>,
    clock: &Arc<dyn Clock>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<(Arc<dyn Cache>, Arc<dyn Bus>)> {
    let bytes = usize::try_from(config.cache.size_mib << 20).unwrap_or(usize::MAX);
    let bounds = Bounds { bytes, entries: MOST_ENTRIES };
    Ok(match &config.cache.home {
        CacheHome::Memory => {
            let own: Arc<dyn Cache> = Arc::new(MemoryCache::new(bounds, Arc::clone(clock)));
            let cache = match backing {
                None => own,
                Some(backing) => {
                    let shared = backing.redis(tasks, stop);
                    Arc::new(StandbyCache::new(own, shared, Arc::clone(clock)))
                }
            };
            (cache, Arc::new(MemoryBus::new()))
        }
        CacheHome::Disk => {
            let file = config.data_dir.cache().join("near");
            (Arc::new(MemoryCache::open(file, bounds, Arc::clone(clock)).await), Arc::new(MemoryBus::new()))
        }
        CacheHome::Redis { url, prefix } => {
            let link = RedisLink::new(url.expose(), prefix).context("the Redis URL cannot be used")?;
            let bus = RedisBus::start(link.clone(), tasks, stop.clone());
            (Arc::new(RedisCache::new(link)), Arc::new(bus))
        }
    })
}
