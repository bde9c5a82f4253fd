use super::bus::RedisBus;
use super::cache::RedisCache;
use super::link::RedisLink;
use super::server::Server;
use crate::adapters::suites;
use crate::ports::cache::{Bus, Cache};
use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

const HOUR: Duration = Duration::from_hours(1);
/// Well above `link::PATIENCE` on a loaded machine, well below what a user would call hanging.
const BOUNDED: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(20);

/// Another prefix for each test: they share the server.
fn shared_link(prefix: &str) -> anyhow::Result<RedisLink> {
    let url = std::env::var("WHISPERENGINE_TEST_REDIS_URL")
        .context("WHISPERENGINE_TEST_REDIS_URL names no server: run the suite with scripts/test")?;
    Ok(RedisLink::new(&url, prefix)?)
}

fn own_server(test: &str) -> anyhow::Result<Option<Server>> {
    let server = Server::start()?;
    if server.is_none() {
        suites::skip::report(test, "no redis-server on PATH")?;
    }
    Ok(server)
}

/// A bus and what keeps it, as one process has them.
fn bus(link: RedisLink) -> (RedisBus, TaskTracker, CancellationToken) {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    (RedisBus::start(link, &tasks, stop.clone()), tasks, stop)
}

async fn until<F: AsyncFn() -> bool>(what: &str, holds: F) -> anyhow::Result<()> {
    let waited = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.with_context(|| format!("never: {what}"))
}

#[tokio::test]
async fn over_redis_it_is_a_cache() -> anyhow::Result<()> {
    let cache = Arc::new(RedisCache::new(shared_link(&Uuid::now_v7().to_string())?));
    suites::cache::holds_the_contract(suites::cache::CacheWorld { cache, clock: None }).await
}

#[tokio::test]
async fn over_redis_it_is_a_bus() -> anyhow::Result<()> {
    let prefix = Uuid::now_v7().to_string();
    let (here, _tasks, _stop) = bus(shared_link(&prefix)?);
    let (there, _tasks, _stop) = bus(shared_link(&prefix)?);
    suites::bus::holds_the_contract(Arc::new(here), Arc::new(there)).await
}

#[tokio::test]
async fn installations_on_one_server_do_not_meet() -> anyhow::Result<()> {
    let links = [shared_link(&Uuid::now_v7().to_string())?, shared_link(&Uuid::now_v7().to_string())?];
    let caches = links.clone().map(RedisCache::new);
    caches[0].set("key", Bytes::from_static(b"mine"), HOUR).await?;
    ensure!(caches[1].get("key").await?.is_none());

    let [(mine, ..), (theirs, ..)] = links.map(bus);
    let mut heard = mine.subscribe("topic").await?;
    theirs.publish("topic", Bytes::from_static(b"theirs")).await?;
    mine.publish("topic", Bytes::from_static(b"mine")).await?;
    ensure!(heard.next().await.as_deref() == Some(&b"mine"[..]));
    Ok(())
}

#[tokio::test]
async fn channels_nobody_listens_to_are_given_up_on_the_server() -> anyhow::Result<()> {
    let Some(server) = own_server("channels_nobody_listens_to_are_given_up_on_the_server")? else {
        return Ok(());
    };
    let (bus, ..) = bus(RedisLink::new(&server.url(), "test")?);
    let mut open = Vec::new();
    for n in 0..50 {
        open.push(bus.subscribe(&format!("topic {n}")).await?);
    }
    let mut commands = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
    let channels: Vec<String> = redis::cmd("PUBSUB").arg("CHANNELS").query_async(&mut commands).await?;
    ensure!(channels.len() == 50);
    drop(open);
    until("no channel is left", async || {
        let asked = redis::cmd("PUBSUB").arg("CHANNELS").query_async(&mut commands.clone()).await;
        asked.is_ok_and(|channels: Vec<String>| channels.is_empty())
    })
    .await
}

#[tokio::test]
async fn a_killed_server_is_noticed_at_once_and_used_again_when_it_is_back() -> anyhow::Result<()> {
    let Some(mut server) = own_server("a_killed_server_is_noticed_at_once_and_used_again_when_it_is_back")?
    else {
        return Ok(());
    };
    let link = RedisLink::new(&server.url(), "test")?;
    let cache = RedisCache::new(link.clone());
    let (bus, ..) = bus(link);
    cache.set("key", Bytes::from_static(b"v"), HOUR).await?;
    let mut heard = bus.subscribe("topic").await?;

    server.kill()?;
    let begun = Instant::now();
    ensure!(cache.get("key").await.is_err());
    ensure!(cache.set("key", Bytes::new(), HOUR).await.is_err());
    ensure!(bus.publish("topic", Bytes::new()).await.is_err());
    ensure!(bus.subscribe("other").await.is_err());
    ensure!(begun.elapsed() < BOUNDED, "it took {:?}", begun.elapsed());
    let ended =
        tokio::time::timeout(PATIENCE, heard.next()).await.context("the stream goes on in silence")?;
    ensure!(ended.is_none(), "news may have been missed");

    server.start_again()?;
    cache.set("key", Bytes::from_static(b"new"), HOUR).await?;
    ensure!(cache.get("key").await?.as_deref() == Some(&b"new"[..]));
    until("somebody can listen again", async || bus.subscribe("topic").await.is_ok()).await?;
    let mut heard = bus.subscribe("topic").await?;
    bus.publish("topic", Bytes::from_static(b"back")).await?;
    ensure!(heard.next().await.as_deref() == Some(&b"back"[..]));
    Ok(())
}

#[tokio::test]
async fn a_server_that_hangs_costs_a_bounded_moment() -> anyhow::Result<()> {
    let Some(server) = own_server("a_server_that_hangs_costs_a_bounded_moment")? else { return Ok(()) };
    let link = RedisLink::new(&server.url(), "test")?;
    let cache = RedisCache::new(link.clone());
    let (bus, ..) = bus(link);
    cache.ping().await?;
    let mut heard = bus.subscribe("topic").await?;

    server.hold()?;
    let begun = Instant::now();
    let (get, publish, listen) =
        tokio::join!(cache.get("key"), bus.publish("topic", Bytes::new()), bus.subscribe("other"));
    ensure!(get.is_err() && publish.is_err() && listen.is_err());
    ensure!(begun.elapsed() < BOUNDED, "it took {:?}", begun.elapsed());
    ensure!(tokio::time::timeout(PATIENCE, heard.next()).await.context("it goes on in silence")?.is_none());

    server.let_go()?;
    until("the cache is back", async || cache.ping().await.is_ok()).await?;
    until("the bus is back", async || bus.subscribe("topic").await.is_ok()).await
}

#[tokio::test]
async fn a_server_that_was_never_there_is_an_error_and_then_a_cache() -> anyhow::Result<()> {
    let Some(mut server) = own_server("a_server_that_was_never_there_is_an_error_and_then_a_cache")? else {
        return Ok(());
    };
    server.kill()?;
    let cache = RedisCache::new(RedisLink::new(&server.url(), "test")?);
    ensure!(cache.ping().await.is_err());
    server.start_again()?;
    cache.ping().await?;
    Ok(())
}

#[tokio::test]
async fn stopping_ends_the_streams_and_the_task() -> anyhow::Result<()> {
    let (bus, tasks, stop) = bus(shared_link(&Uuid::now_v7().to_string())?);
    let mut heard = bus.subscribe("topic").await?;
    stop.cancel();
    tasks.close();
    tokio::time::timeout(PATIENCE, tasks.wait()).await.context("the task stays")?;
    ensure!(heard.next().await.is_none());
    ensure!(bus.subscribe("topic").await.is_err());
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_its_password() {
    let refused = RedisLink::new("http://user:secret@host", "test").err().expect("no redis address");
    assert!(!refused.to_string().contains("secret"), "{refused}");
}
