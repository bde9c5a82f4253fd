//! A cache in this process's memory, carried over a restart where it was given a file.
//!
//! Bounded by bytes and entries; the least recently used go first. Time comes from the clock, so an
//! entry's life ends when the clock says so. Nothing is written but by `flush`, which the owner calls
//! now and then and before the end. A damaged file costs the cache, never the start.

pub use super::shelf::Bounds;
use super::shelf::{Kept, Shelf};
use super::snapshot;
use crate::ports::cache::{Cache, CacheError};
use crate::ports::clock::Clock;
use async_trait::async_trait;
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing::warn;

pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    file: Option<PathBuf>,
    /// One flush at a time: two would write to the same unfinished file.
    flushing: tokio::sync::Mutex<()>,
}

struct Inner {
    shelf: Shelf,
    /// Something was set or removed since the last flush.
    changed: bool,
}

impl MemoryCache {
    /// Forgets everything when the process ends.
    pub fn new(bounds: Bounds, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner { shelf: Shelf::new(bounds), changed: false };
        Self { clock, inner: Mutex::new(inner), file: None, flushing: tokio::sync::Mutex::new(()) }
    }

    /// Begins with what the last `flush` wrote to `file`, and with nothing where that is damaged.
    pub async fn open(file: PathBuf, bounds: Bounds, clock: Arc<dyn Clock>) -> Self {
        let cache = Self { file: Some(file.clone()), ..Self::new(bounds, clock) };
        // Lengths and expiry take less on the disk than what `Bounds` counts for an entry in memory.
        let most_bytes = bounds.bytes as u64 + 1024;
        let read = tokio::task::spawn_blocking(move || snapshot::read(&file, most_bytes)).await;
        match read {
            Ok(Ok(entries)) => cache.fill(entries.unwrap_or_default()),
            Ok(Err(damage)) => {
                warn!(service.name = "cache", error = %damage, "the cache starts empty");
            }
            Err(stopped) => warn!(service.name = "cache", error = %stopped, "the cache starts empty"),
        }
        cache
    }

    fn fill(&self, entries: Vec<Kept>) {
        let now = self.clock.now();
        let mut inner = self.lock();
        for kept in entries.into_iter().filter(|kept| kept.expires_at > now) {
            inner.shelf.put(kept);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic between two statements here leaves a shelf that is still sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        let now = self.clock.now();
        Ok(self.lock().shelf.get(key, now))
    }

    async fn set(&self, key: &str, value: Bytes, life: Duration) -> Result<(), CacheError> {
        let now = self.clock.now();
        let expires_at = now.plus(life);
        let mut inner = self.lock();
        inner.changed = true;
        if expires_at <= now {
            inner.shelf.remove(key);
        } else {
            // A copy: a small value may be a slice of a large buffer, which nobody counts.
            let value = Bytes::copy_from_slice(&value);
            inner.shelf.put(Kept { key: key.into(), value, expires_at });
        }
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        let mut inner = self.lock();
        inner.changed |= inner.shelf.remove(key);
        Ok(())
    }

    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn flush(&self) -> Result<(), CacheError> {
        let Some(file) = self.file.clone() else { return Ok(()) };
        let _one = self.flushing.lock().await;
        let now = self.clock.now();
        let entries = {
            let mut inner = self.lock();
            if !inner.changed {
                return Ok(());
            }
            inner.changed = false;
            inner.shelf.living(now)
        };
        let written = tokio::task::spawn_blocking(move || snapshot::write(&file, &entries)).await;
        let failure = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(stopped) => stopped.to_string(),
        };
        self.lock().changed = true;
        Err(CacheError(format!("its file cannot be written: {failure}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::suites::cache::{CacheWorld, holds_the_contract};
    use crate::adapters::suites::clock::HandClock;

    const BOUNDS: Bounds = Bounds { bytes: 1 << 20, entries: 1000 };
    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn in_memory_it_is_a_cache() -> anyhow::Result<()> {
        let clock = HandClock::shared();
        let cache = Arc::new(MemoryCache::new(BOUNDS, clock.clone()));
        holds_the_contract(CacheWorld { cache, clock: Some(clock) }).await
    }

    #[tokio::test]
    async fn with_a_file_it_is_a_cache() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let clock = HandClock::shared();
        let cache = Arc::new(MemoryCache::open(folder.path().join("cache"), BOUNDS, clock.clone()).await);
        holds_the_contract(CacheWorld { cache, clock: Some(clock) }).await
    }

    #[tokio::test]
    async fn what_was_flushed_outlives_the_process_but_not_its_life() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cache");
        let clock = HandClock::shared();
        let cache = MemoryCache::open(path.clone(), BOUNDS, clock.clone()).await;
        cache.set("short", Bytes::from_static(b"s"), HOUR).await?;
        cache.set("long", Bytes::from_static(b"l"), HOUR * 3).await?;
        cache.flush().await?;
        cache.set("late", Bytes::from_static(b"x"), HOUR).await?;
        drop(cache);
        clock.pass(HOUR * 2);
        let again = MemoryCache::open(path.clone(), BOUNDS, clock.clone()).await;
        assert_eq!(again.get("short").await?, None);
        assert_eq!(again.get("late").await?, None, "only a flush promises anything");
        assert_eq!(again.get("long").await?.as_deref(), Some(&b"l"[..]));

        again.set("soon", Bytes::from_static(b"x"), HOUR / 2).await?;
        clock.pass(HOUR / 2);
        again.flush().await?;
        let written = snapshot::read(&path, 1 << 20)?.expect("a flushed file");
        assert_eq!(written.len(), 1, "what is over is not written");
        Ok(())
    }

    #[tokio::test]
    async fn a_removed_entry_does_not_come_back() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cache");
        let clock = HandClock::shared();
        let cache = MemoryCache::open(path.clone(), BOUNDS, clock.clone()).await;
        cache.set("key", Bytes::from_static(b"v"), HOUR).await?;
        cache.flush().await?;
        cache.remove("key").await?;
        cache.flush().await?;
        assert_eq!(MemoryCache::open(path, BOUNDS, clock).await.get("key").await?, None);
        Ok(())
    }

    #[tokio::test]
    async fn a_damaged_file_costs_the_cache_and_nothing_else() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cache");
        let clock = HandClock::shared();
        std::fs::write(&path, b"WECACHE\n and then somebody's notes")?;
        let cache = MemoryCache::open(path.clone(), BOUNDS, clock.clone()).await;
        assert_eq!(cache.get("key").await?, None);
        cache.set("key", Bytes::from_static(b"v"), HOUR).await?;
        cache.flush().await?;
        assert!(MemoryCache::open(path, BOUNDS, clock).await.get("key").await?.is_some());
        Ok(())
    }

    #[tokio::test]
    async fn a_full_cache_can_be_read_back_whole() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cache");
        let clock = HandClock::shared();
        let bounds = Bounds { bytes: 100_000, entries: usize::MAX };
        let cache = MemoryCache::open(path.clone(), bounds, clock.clone()).await;
        for n in 0..1000 {
            cache.set(&format!("k{n}"), Bytes::new(), HOUR).await?;
        }
        cache.flush().await?;
        let again = MemoryCache::open(path, bounds, clock).await;
        assert_eq!(
            again.lock().shelf.living(again.clock.now()),
            cache.lock().shelf.living(cache.clock.now())
        );
        Ok(())
    }

    #[tokio::test]
    async fn a_flush_that_fails_says_so_and_is_tried_again() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("gone").join("cache");
        let cache = MemoryCache::open(path.clone(), BOUNDS, HandClock::shared()).await;
        cache.set("key", Bytes::from_static(b"v"), HOUR).await?;
        assert!(cache.flush().await.is_err());
        std::fs::create_dir(folder.path().join("gone"))?;
        cache.flush().await?;
        assert!(path.exists());
        Ok(())
    }
}
