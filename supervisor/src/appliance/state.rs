//! What the box knows about itself while it runs. Doors ask it for each request.

use super::moving::wish::Moves;
use super::services::Services;
use super::voice;
use crate::config::load::Config;
use crate::config::tls::Tls;
use crate::containers::watch::Watch;
use crate::control::wire::{BoxStatus, EngineStage};
use engine::domain::time::Timestamp;
use engine::ports::clock::Clock;
use engine::secrets::token;
use engine_client::problem::{ErrorCode, Problem};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;
use web::ports::{Leaving, WayIn};

pub struct Appliance {
    config: Config,
    address: SocketAddr,
    started_at: Timestamp,
    engine: RwLock<EngineState>,
    setup_token: SetupToken,
    clock: Arc<dyn Clock>,
    /// The certificate of the box's own authority, in DER.
    authority: Option<Vec<u8>>,
    /// What its owner wished from a page.
    leaving: watch::Sender<Option<Leaving>>,
    containers: Watch,
    services: Services,
    moves: Moves,
    /// `None` where its owner wants no voice.
    voice: Option<WayIn>,
}

/// Proof that whoever opens the set-up page sees this box's terminal. A new one with each start.
pub struct SetupToken {
    code: String,
    hash: [u8; 32],
}

impl SetupToken {
    pub fn new(clock: &dyn Clock) -> Self {
        let (code, hash) = token::new_code(clock);
        Self { code, hash }
    }
}

enum EngineState {
    Starting(String),
    Ready(WayIn),
    Stopping,
}

impl Appliance {
    pub fn new(
        config: Config,
        address: SocketAddr,
        clock: Arc<dyn Clock>,
        containers: Watch,
        services: Services,
    ) -> Self {
        let engine = RwLock::new(EngineState::Starting("the store is being opened".to_owned()));
        let (started_at, setup_token) = (clock.now(), SetupToken::new(&*clock));
        Self {
            config,
            address,
            started_at,
            engine,
            setup_token,
            clock,
            authority: None,
            leaving: watch::Sender::new(None),
            containers,
            services,
            moves: Moves::default(),
            voice: None,
        }
    }

    pub fn services(&self) -> &Services {
        &self.services
    }

    pub fn moves(&self) -> &Moves {
        &self.moves
    }

    pub fn containers(&self) -> &Watch {
        &self.containers
    }

    /// With a certificate of the box's own authority, which devices have to be told to trust.
    #[must_use]
    pub fn with_authority(self, authority: Option<Vec<u8>>) -> Self {
        Self { authority, ..self }
    }

    #[must_use]
    pub fn with_voice(self, voice: Option<WayIn>) -> Self {
        Self { voice, ..self }
    }

    /// The way to what listens and speaks, or why there is none.
    pub fn way_to_voice(&self) -> Result<WayIn, Problem> {
        self.voice.clone().ok_or_else(|| Problem::new(ErrorCode::PartMissing, voice::OFF))
    }

    pub fn authority(&self) -> Option<&[u8]> {
        self.authority.as_deref()
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// To be printed where only the owner reads, while there is no owner.
    pub fn setup_token(&self) -> &str {
        &self.setup_token.code
    }

    /// Whether this is the one that was printed.
    pub fn opens_set_up(&self, token: &str) -> bool {
        // Hashes of random codes: what a comparison's time tells helps nobody.
        token::hash_code(token) == Some(self.setup_token.hash)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The way to the engine, or why there is none at this moment.
    pub fn way_in(&self) -> Result<WayIn, Problem> {
        match &*self.engine.read().unwrap_or_else(PoisonError::into_inner) {
            EngineState::Ready(engine) => Ok(engine.clone()),
            EngineState::Starting(reason) => Err(Problem::new(ErrorCode::StoreUnavailable, reason.clone())),
            EngineState::Stopping => {
                Err(Problem::new(ErrorCode::Stopping, "the box is stopping; try again in a moment"))
            }
        }
    }

    pub fn is_waiting_for(&self, reason: String) {
        self.set(EngineState::Starting(reason));
    }

    pub fn is_ready(&self, engine: WayIn) {
        self.set(EngineState::Ready(engine));
    }

    pub fn is_stopping(&self) {
        self.set(EngineState::Stopping);
    }

    fn set(&self, state: EngineState) {
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The owner's word from a page.
    pub fn is_told_to_leave(&self, how: Leaving) {
        self.leaving.send_replace(Some(how));
    }

    /// Waits for that word. Cancel-safe; never returns where there is none.
    pub async fn told_to_leave(&self) -> Leaving {
        let mut wish = self.leaving.subscribe();
        let told = wish.wait_for(Option::is_some).await.map(|told| *told);
        match told {
            Ok(Some(how)) => how,
            // Its sender is ours, and it waits for no `None`.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    pub fn status(&self) -> BoxStatus {
        let engine = match &*self.engine.read().unwrap_or_else(PoisonError::into_inner) {
            EngineState::Starting(detail) => EngineStage::Starting { detail: detail.clone() },
            EngineState::Ready(_) => EngineStage::Ready,
            EngineState::Stopping => EngineStage::Stopping,
        };
        BoxStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: self.config.mode.name().to_owned(),
            pid: std::process::id(),
            address: self.address.to_string(),
            secure: self.config.server.tls != Tls::Off,
            started_at: self.started_at.0,
            engine,
        }
    }
}
