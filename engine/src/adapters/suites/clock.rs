//! A clock that stands until a test moves it.

use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use uuid::Uuid;

pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn shared() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000_000_000)))
    }

    pub fn pass(&self, time: Duration) {
        self.0.store(self.now().plus(time).0, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(4);
    }
}
