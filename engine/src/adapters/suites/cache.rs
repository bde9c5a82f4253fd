//! What a cache promises.

use super::clock::HandClock;
use crate::ports::cache::Cache;
use anyhow::{Context, ensure};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

pub struct CacheWorld {
    pub cache: Arc<dyn Cache>,
    /// `None` where the server counts the time itself.
    pub clock: Option<Arc<HandClock>>,
}

const HOUR: Duration = Duration::from_hours(1);
const MOMENT: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn holds_the_contract(world: CacheWorld) -> anyhow::Result<()> {
    keeps_what_it_was_given(&*world.cache).await?;
    keeps_any_bytes_under_any_key(&*world.cache).await?;
    forgets_when_told(&*world.cache).await?;
    forgets_in_time(&world).await?;
    survives_many_at_once(&world.cache).await?;
    world.cache.ping().await?;
    world.cache.flush().await?;
    ensure!(world.cache.get("kept").await?.is_some(), "a flush loses nothing");
    Ok(())
}

async fn keeps_what_it_was_given(cache: &dyn Cache) -> anyhow::Result<()> {
    ensure!(cache.get("kept").await?.is_none());
    cache.set("kept", Bytes::from_static(b"one"), HOUR).await?;
    cache.set("kept", Bytes::from_static(b"two"), HOUR).await?;
    ensure!(cache.get("kept").await?.as_deref() == Some(&b"two"[..]), "the last one counts");
    Ok(())
}

async fn keeps_any_bytes_under_any_key(cache: &dyn Cache) -> anyhow::Result<()> {
    let all_bytes: Bytes = (0..=255).cycle().take(70_000).collect::<Vec<u8>>().into();
    for key in ["", " ", "a:b", "zwölf\n\0", "*", "a b c"] {
        for value in [Bytes::new(), all_bytes.clone()] {
            cache.set(key, value.clone(), HOUR).await?;
            ensure!(cache.get(key).await?.as_ref() == Some(&value), "under {key:?}");
        }
    }
    ensure!(cache.get("a").await?.is_none(), "no key is a pattern");
    Ok(())
}

async fn forgets_when_told(cache: &dyn Cache) -> anyhow::Result<()> {
    cache.set("told", Bytes::from_static(b"x"), HOUR).await?;
    cache.remove("told").await?;
    cache.remove("told").await?;
    ensure!(cache.get("told").await?.is_none());
    Ok(())
}

async fn forgets_in_time(world: &CacheWorld) -> anyhow::Result<()> {
    let cache = &*world.cache;
    cache.set("short", Bytes::from_static(b"x"), MOMENT).await?;
    cache.set("again", Bytes::from_static(b"x"), MOMENT).await?;
    cache.set("again", Bytes::from_static(b"y"), HOUR).await?;
    if let Some(clock) = &world.clock {
        ensure!(cache.get("short").await?.is_some(), "it lives until its time is over");
        clock.pass(MOMENT);
    }
    let gone = async {
        while cache.get("short").await?.is_some() {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, gone).await.context("its time is over and it is still there")??;
    ensure!(cache.get("again").await?.as_deref() == Some(&b"y"[..]), "the new life counts");

    cache.set("again", Bytes::from_static(b"z"), Duration::ZERO).await?;
    ensure!(cache.get("again").await?.is_none(), "no life, no entry");
    cache.set("brief", Bytes::from_static(b"z"), Duration::from_nanos(1)).await?;
    cache.set("forever", Bytes::from_static(b"z"), Duration::MAX).await?;
    ensure!(cache.get("forever").await?.is_some());
    Ok(())
}

async fn survives_many_at_once(cache: &Arc<dyn Cache>) -> anyhow::Result<()> {
    let all = (0..50u8).map(|n| async move {
        let key = format!("many {n}");
        cache.set(&key, vec![n].into(), HOUR).await?;
        anyhow::Ok(cache.get(&key).await?.as_deref() == Some(&[n][..]))
    });
    ensure!(futures::future::try_join_all(all).await?.into_iter().all(|same| same));
    Ok(())
}
