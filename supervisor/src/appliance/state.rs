//! What the box knows about itself while it runs. Doors ask it for each request.

use crate::config::load::Config;
use crate::config::tls::Tls;
use crate::control::wire::{BoxStatus, EngineStage};
use engine::domain::time::Timestamp;
use engine::ports::clock::Clock;
use engine::secrets::token;
use engine_client::problem::{ErrorCode, Problem};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use web::ports::EngineAccess;

pub struct Appliance {
    config: Config,
    address: SocketAddr,
    started_at: Timestamp,
    engine: RwLock<EngineState>,
    setup_token: SetupToken,
    clock: Arc<dyn Clock>,
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
    Ready(EngineAccess),
    Stopping,
}

impl Appliance {
    pub fn new(config: Config, address: SocketAddr, clock: Arc<dyn Clock>) -> Self {
        let engine = RwLock::new(EngineState::Starting("the store is being opened".to_owned()));
        let (started_at, setup_token) = (clock.now(), SetupToken::new(&*clock));
        Self { config, address, started_at, engine, setup_token, clock }
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

    pub fn is_waiting_for(&self, reason: String) {
        self.set(EngineState::Starting(reason));
    }

    pub fn is_ready(&self, engine: EngineAccess) {
        self.set(EngineState::Ready(engine));
    }

    pub fn is_stopping(&self) {
        self.set(EngineState::Stopping);
    }

    fn set(&self, state: EngineState) {
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = state;
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

impl web::ports::Appliance for Appliance {
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn mode(&self) -> &str {
        self.config.mode.name()
    }

    fn now(&self) -> i64 {
        self.clock.now().0
    }

    fn setup_token_opens(&self, token: &str) -> bool {
        // Hashes of random codes: what a comparison's time tells helps nobody.
        token::hash_code(token) == Some(self.setup_token.hash)
    }

    fn engine(&self) -> Result<EngineAccess, Problem> {
        match &*self.engine.read().unwrap_or_else(PoisonError::into_inner) {
            EngineState::Ready(engine) => Ok(engine.clone()),
            EngineState::Starting(reason) => Err(Problem::new(ErrorCode::StoreUnavailable, reason.clone())),
            EngineState::Stopping => {
                Err(Problem::new(ErrorCode::Stopping, "the box is stopping; try again in a moment"))
            }
        }
    }
}
