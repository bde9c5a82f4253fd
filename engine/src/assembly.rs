//! The engine, put together: ports in, one router out, and the loops that run beside it.

use crate::adapters::openai::builder::OpenAiBuilder;
use crate::adapters::openai::config::OpenAiConfig;
use crate::adapters::recent::remembering;
use crate::api::events::STAY_ROUND;
use crate::api::router::router;
use crate::api::state::{Api, Shared};
use crate::background::Background;
use crate::companions::conversations::ConversationDesk;
use crate::companions::first::first_companion;
use crate::conversation::aside::Aside;
use crate::conversation::context::ContextReader;
use crate::conversation::continuation::Continuation;
use crate::conversation::follow::Following;
use crate::conversation::lookout::Lookout;
use crate::conversation::pictures::Pictures;
use crate::conversation::recall::Recall;
use crate::conversation::receive::Receiver;
use crate::conversation::summary::Summariser;
use crate::conversation::takeover::Takeover;
use crate::conversation::window_cache::WindowCache;
use crate::conversation::writer::Writer;
use crate::domain::ids::TenantId;
use crate::domain::person::Tenant;
use crate::models::breaker::BreakerRules;
use crate::models::desk::{ConnectionDesk, SealedKeys};
use crate::models::direct::DirectDesk;
use crate::models::pool::ModelPool;
use crate::models::scan::ModelScan;
use crate::people::accounts::Accounts;
use crate::people::appearance::Appearances;
use crate::people::erasure::{Eraser, Wishes};
use crate::people::export::Export;
use crate::people::keys::KeyDesk;
use crate::people::recovery::Recovery;
use crate::people::sign_in::SignIn;
use crate::people::steps::Steps;
use crate::people::tries::Tries;
use crate::ports::cache::{Bus, Cache};
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use crate::ports::store::Store;
use crate::secrets::vault::Vault;
use engine_outbound::client::Outbound;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the engine is made of; the composition root chooses the adapters.
pub struct EngineParts {
    pub store: Store,
    pub cache: Arc<dyn Cache>,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub vault: Arc<Vault>,
    pub outbound: Arc<Outbound>,
    /// Callers must show it; see the contract.
    pub secret: String,
    pub settings: EngineSettings,
}

#[derive(Clone, Debug)]
pub struct EngineSettings {
    pub models: OpenAiConfig,
    pub attachment_quota_bytes: i64,
    pub largest_upload_bytes: usize,
    /// How long a silent process keeps a turn before another takes it over.
    pub turn_lease: Duration,
    /// Replies that are written at once; more wait for a place.
    pub concurrent_turns: usize,
    /// Background jobs that are done at once.
    pub concurrent_jobs: usize,
    /// No other process can reach this Store: what is unfinished was left by a dead one.
    pub sole_owner: bool,
    pub upload_max_age: Duration,
    pub cleanup_every: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            models: OpenAiConfig::default(),
            attachment_quota_bytes: 10 * 1024 * 1024 * 1024,
            largest_upload_bytes: 25 * 1024 * 1024,
            turn_lease: Duration::from_secs(4),
            concurrent_turns: 64,
            concurrent_jobs: 1,
            sole_owner: false,
            upload_max_age: Duration::from_secs(24 * 3600),
            cleanup_every: Duration::from_secs(300),
        }
    }
}

pub struct Engine {
    api: Api,
    store: Store,
    cache: Arc<dyn Cache>,
    tasks: TaskTracker,
    leaving: CancellationToken,
}

impl Engine {
    /// Makes what must be there on the first day, takes up what was left, and starts the loops.
    pub async fn start(parts: EngineParts) -> Result<Self, StoreError> {
        let EngineParts { store, cache, bus, clock, vault, outbound, secret, settings } = parts;
        let store = remembering(store);
        let (tasks, leaving) = (TaskTracker::new(), CancellationToken::new());
        let tenant = first_day(&store, &*clock).await?;
        let builder =
            OpenAiBuilder { outbound: outbound.clone(), config: settings.models, clock: clock.clone() };
        // Whoever looks around on this machine is not sent elsewhere.
        let here = OpenAiConfig { redirects: 0, ..settings.models };
        let nearby = OpenAiBuilder { outbound, config: here, clock: clock.clone() };
        let keys = Arc::new(SealedKeys(vault.clone()));
        let pool = Arc::new(ModelPool::new(Arc::new(builder), keys, BreakerRules::default()));
        let windows = WindowCache::new(cache.clone());
        let recall = Recall::new(store.messages.clone(), store.memories.clone());
        let reader = ContextReader {
            people: store.people.clone(),
            companions: store.companions.clone(),
            conversations: store.conversations.clone(),
            messages: store.messages.clone(),
            windows: windows.clone(),
            pictures: Pictures(store.attachments.clone()),
            recall: recall.clone(),
        };
        let writer = Writer {
            turns: store.turns.clone(),
            bus: bus.clone(),
            windows: windows.clone(),
            clock: clock.clone(),
            lease: settings.turn_lease,
            places: Arc::new(Semaphore::new(settings.concurrent_turns)),
            leaving: leaving.clone(),
        };
        let takeover = Takeover {
            reader: reader.clone(),
            messages: store.messages.clone(),
            connections: store.connections.clone(),
            pool: pool.clone(),
            writer: writer.clone(),
            tasks: tasks.clone(),
        };
        if settings.sole_owner {
            takeover.take_all().await?;
        }
        tasks.spawn(takeover.run(leaving.clone()));
        let conversations = ConversationDesk {
            companions: store.companions.clone(),
            conversations: store.conversations.clone(),
            removals: store.removals.clone(),
            messages: store.messages.clone(),
            windows,
            clock: clock.clone(),
        };
        let tries = Tries::new(clock.clone());
        let accounts = Accounts {
            people: store.people.clone(),
            sessions: store.sessions.clone(),
            audit: store.audit.clone(),
            recovery: Recovery { settings: store.settings.clone(), clock: clock.clone() },
            tries: tries.clone(),
            clock: clock.clone(),
        };
        let receiver = Receiver {
            conversations: store.conversations.clone(),
            messages: store.messages.clone(),
            attachments: store.attachments.clone(),
            connections: store.connections.clone(),
            pool: pool.clone(),
            reader,
            writer,
            tasks: tasks.clone(),
        };
        let background = Background {
            jobs: store.jobs.clone(),
            sessions: store.sessions.clone(),
            inbox: store.inbox.clone(),
            attachments: store.attachments.clone(),
            conversations: conversations.clone(),
            cache: cache.clone(),
            clock: clock.clone(),
            summariser: Summariser {
                conversations: store.conversations.clone(),
                messages: store.messages.clone(),
                connections: store.connections.clone(),
                ledger: store.ledger.clone(),
                pool: pool.clone(),
                clock: clock.clone(),
            },
            eraser: Eraser {
                erasure: store.erasure.clone(),
                attachments: store.attachments.clone(),
                people: store.people.clone(),
                conversations: conversations.clone(),
                receiver: receiver.clone(),
                accounts: accounts.clone(),
            },
            upload_max_age: settings.upload_max_age,
            cleanup_every: settings.cleanup_every,
        };
        background.start(settings.concurrent_jobs, &tasks, &leaving);
        let direct = DirectDesk {
            connections: store.connections.clone(),
            ledger: store.ledger.clone(),
            pool: pool.clone(),
            clock: clock.clone(),
            tasks: tasks.clone(),
        };
        let shared = Shared {
            tenant,
            secret,
            wishes: Wishes { accounts: accounts.clone(), jobs: store.jobs.clone(), clock: clock.clone() },
            accounts,
            appearances: Appearances { settings: store.settings.clone(), clock: clock.clone() },
            export: Export {
                belongings: store.belongings.clone(),
                attachments: store.attachments.clone(),
                companions: store.companions.clone(),
                identities: store.identities.clone(),
                keys: store.keys.clone(),
            },
            keys: KeyDesk { keys: store.keys.clone(), people: store.people.clone(), clock: clock.clone() },
            sign_in: SignIn {
                people: store.people.clone(),
                sessions: store.sessions.clone(),
                clock: clock.clone(),
                tries,
            },
            connections: ConnectionDesk {
                connections: store.connections.clone(),
                pool: pool.clone(),
                vault,
                clock: clock.clone(),
            },
            scan: ModelScan { builder: Arc::new(nearby) },
            steps: Steps { settings: store.settings.clone(), clock: clock.clone() },
            aside: Aside { companions: store.companions.clone(), desk: direct.clone() },
            direct,
            continuation: Continuation {
                histories: store.histories.clone(),
                conversations: conversations.clone(),
            },
            conversations,
            receiver,
            recall,
            attachment_quota_bytes: settings.attachment_quota_bytes,
            largest_upload_bytes: settings.largest_upload_bytes,
            leaving: leaving.clone(),
            following: Following::new(store.turns.clone(), bus, tasks.clone()),
            staying: Lookout::new(STAY_ROUND, tasks.clone()),
            cache: cache.clone(),
            clock,
            store: store.clone(),
        };
        Ok(Self { api: Api(Arc::new(shared)), store, cache, tasks, leaving })
    }

    /// The contract.
    pub fn router(&self) -> axum::Router {
        router(self.api.clone())
    }

    /// Stops taking turns, stores what is written, hands over what is unfinished, closes the Store.
    pub async fn drain(&self, within: Duration) {
        self.leaving.cancel();
        self.tasks.close();
        if tokio::time::timeout(within, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                tasks = self.tasks.len(),
                "some work did not end in time and will be taken up again"
            );
        }
        if let Err(error) = self.cache.flush().await {
            tracing::warn!(error = %error, "the cache was not written down");
        }
        self.store.health.close().await;
    }
}

/// The tenant and the companion of a new box. Two engines that start at once make them once: the
/// names are unique.
async fn first_day(store: &Store, clock: &dyn Clock) -> Stored<TenantId> {
    let wanted = Tenant { id: TenantId(clock.new_id()), name: "home".into(), created_at: clock.now() };
    let tenant = store.people.ensure_tenant(&wanted).await?;
    if store.companions.list(tenant.id).await?.is_empty() {
        match store.companions.add(&first_companion(tenant.id, clock)).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(tenant.id)
}
