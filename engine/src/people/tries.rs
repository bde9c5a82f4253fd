//! Guesses at passwords and codes, counted together by name: who guesses waits longer each time, whichever
//! door they try.

use crate::domain::names::name_key;
use crate::domain::throttle::Throttle;
use crate::ports::clock::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[derive(Clone)]
pub struct Tries {
    throttle: Arc<Mutex<Throttle>>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; wait {} s and try again", .after.as_secs().max(1))]
pub struct TooMany {
    pub after: Duration,
}

impl Tries {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { throttle: Arc::default(), clock }
    }

    /// Whether somebody may try this name now.
    pub fn allow(&self, name: &str) -> Result<(), TooMany> {
        let after = self.throttle().wait(&name_key(name), self.clock.now());
        if after.is_zero() { Ok(()) } else { Err(TooMany { after }) }
    }

    pub fn failed(&self, name: &str) {
        self.throttle().failed(&name_key(name), self.clock.now());
    }

    pub fn succeeded(&self, name: &str) {
        self.throttle().succeeded(&name_key(name));
    }

    fn throttle(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
