//! What the box knows about itself while it runs. Doors ask it for each request.

use crate::config::load::Config;
use crate::control::wire::{BoxStatus, EngineStage};
use engine::domain::time::Timestamp;
use engine_client::problem::{ErrorCode, Problem};
use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};
use web::ports::EngineAccess;

pub struct Appliance {
    config: Config,
    address: SocketAddr,
    started_at: Timestamp,
    engine: RwLock<EngineState>,
}

enum EngineState {
    Starting(String),
    Ready(EngineAccess),
    Stopping,
}

impl Appliance {
    pub fn new(config: Config, address: SocketAddr, started_at: Timestamp) -> Self {
        let engine = RwLock::new(EngineState::Starting("the store is being opened".to_owned()));
        Self { config, address, started_at, engine }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn address(&self) -> SocketAddr {
        self.address
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
