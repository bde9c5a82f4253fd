//! Two caches as one. What is written goes to both, what is read comes from the shared one while it answers.
//!
//! The shared one comes and goes. Each time it comes it must be empty or named anew by whoever hands it in: what it kept
//! from before may be old.

use crate::ports::cache::{Cache, CacheError};
use crate::ports::clock::Clock;
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// After a failure the shared one is left alone for that long: one caller waits for a hung server, not every one.
const REST: Duration = Duration::from_secs(2);

pub type Shared = Option<Arc<dyn Cache>>;

pub struct StandbyCache {
    own: Arc<dyn Cache>,
    shared: watch::Receiver<Shared>,
    rests_until: AtomicI64,
    clock: Arc<dyn Clock>,
}

impl StandbyCache {
    pub fn new(own: Arc<dyn Cache>, shared: watch::Receiver<Shared>, clock: Arc<dyn Clock>) -> Self {
        Self { own, shared, rests_until: AtomicI64::new(i64::MIN), clock }
    }

    fn shared(&self) -> Shared {
        let rests = self.clock.now().0 < self.rests_until.load(Ordering::Relaxed);
        if rests { None } else { self.shared.borrow().clone() }
    }

    fn let_rest(&self, error: &CacheError) {
        tracing::debug!(service.name = "cache", error = %error, "the shared cache is left alone for a moment");
        self.rests_until.store(self.clock.now().plus(REST).0, Ordering::Relaxed);
    }
}

#[async_trait]
impl Cache for StandbyCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        if let Some(shared) = self.shared() {
            match shared.get(key).await {
                Ok(found) => return Ok(found),
                Err(error) => self.let_rest(&error),
            }
        }
        self.own.get(key).await
    }

    async fn set(&self, key: &str, value: Bytes, life: Duration) -> Result<(), CacheError> {
        self.own.set(key, value.clone(), life).await?;
        if let Some(shared) = self.shared()
            && let Err(error) = shared.set(key, value, life).await
        {
            self.let_rest(&error);
        }
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.own.remove(key).await?;
        if let Some(shared) = self.shared()
            && let Err(error) = shared.remove(key).await
        {
            self.let_rest(&error);
        }
        Ok(())
    }

    async fn ping(&self) -> Result<(), CacheError> {
        self.own.ping().await
    }

    async fn flush(&self) -> Result<(), CacheError> {
        self.own.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::memory::cache::{Bounds, MemoryCache};
    use crate::adapters::suites::cache::{CacheWorld, holds_the_contract};
    use crate::adapters::suites::clock::HandClock;
    use std::sync::atomic::AtomicUsize;

    const HOUR: Duration = Duration::from_hours(1);

    /// A server that is gone, and counts who asks.
    #[derive(Default)]
    struct Gone(AtomicUsize);

    impl Gone {
        fn answer<T>(&self) -> Result<T, CacheError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(CacheError("nobody answers".to_owned()))
        }
    }

    #[async_trait]
    impl Cache for Gone {
        async fn get(&self, _: &str) -> Result<Option<Bytes>, CacheError> {
            self.answer()
        }

        async fn set(&self, _: &str, _: Bytes, _: Duration) -> Result<(), CacheError> {
            self.answer()
        }

        async fn remove(&self, _: &str) -> Result<(), CacheError> {
            self.answer()
        }

        async fn ping(&self) -> Result<(), CacheError> {
            self.answer()
        }

        async fn flush(&self) -> Result<(), CacheError> {
            self.answer()
        }
    }

    fn memory(clock: &Arc<HandClock>) -> Arc<dyn Cache> {
        Arc::new(MemoryCache::new(
            Bounds { bytes: 1 << 20, entries: 100 },
            Arc::clone(clock) as Arc<dyn Clock>,
        ))
    }

    fn standby(clock: &Arc<HandClock>, shared: Shared) -> (StandbyCache, watch::Sender<Shared>) {
        let hand = watch::Sender::new(shared);
        let cache = StandbyCache::new(memory(clock), hand.subscribe(), Arc::clone(clock) as Arc<dyn Clock>);
        (cache, hand)
    }

    #[tokio::test]
    async fn with_the_shared_one_without_it_and_with_one_that_fails_it_is_a_cache() -> anyhow::Result<()> {
        for with in ["none", "one", "a broken one"] {
            let clock = HandClock::shared();
            let shared: Shared = match with {
                "none" => None,
                "one" => Some(memory(&clock)),
                _ => Some(Arc::new(Gone::default())),
            };
            let (cache, _hand) = standby(&clock, shared);
            holds_the_contract(CacheWorld { cache: Arc::new(cache), clock: Some(clock) }).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn what_was_written_is_there_when_the_shared_one_goes() -> anyhow::Result<()> {
        let clock = HandClock::shared();
        let (cache, hand) = standby(&clock, Some(memory(&clock)));
        cache.set("a", Bytes::from_static(b"1"), HOUR).await?;
        hand.send_replace(None);
        assert_eq!(cache.get("a").await?.as_deref(), Some(&b"1"[..]));
        hand.send_replace(Some(memory(&clock)));
        assert_eq!(cache.get("a").await?, None, "the shared one is asked again, and it came empty");
        Ok(())
    }

    #[tokio::test]
    async fn one_caller_waits_for_a_server_that_fails_and_the_others_do_not() -> anyhow::Result<()> {
        let clock = HandClock::shared();
        let gone = Arc::new(Gone::default());
        let (cache, _hand) = standby(&clock, Some(Arc::clone(&gone) as Arc<dyn Cache>));
        for _ in 0..10 {
            cache.get("a").await?;
        }
        assert_eq!(gone.0.load(Ordering::Relaxed), 1);
        clock.pass(REST);
        cache.get("a").await?;
        assert_eq!(gone.0.load(Ordering::Relaxed), 2);
        Ok(())
    }
}
