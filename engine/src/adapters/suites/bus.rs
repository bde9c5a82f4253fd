//! What a bus promises.

use crate::ports::cache::Bus;
use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// `other` is the same bus seen from elsewhere: a second process where there can be one.
pub async fn holds_the_contract(bus: Arc<dyn Bus>, other: Arc<dyn Bus>) -> anyhow::Result<()> {
    everybody_who_listens_gets_it_in_order(&*bus, &*other).await?;
    topics_do_not_mix(&*bus, &*other).await?;
    only_news_from_now_on(&*bus, &*other).await?;
    a_topic_can_be_left_and_taken_up_again(&*bus, &*other).await?;
    who_cannot_follow_is_cut_off(&*bus, &*other).await?;
    Ok(())
}

async fn everybody_who_listens_gets_it_in_order(bus: &dyn Bus, other: &dyn Bus) -> anyhow::Result<()> {
    let mut listeners =
        [bus.subscribe("order").await?, bus.subscribe("order").await?, other.subscribe("order").await?];
    for n in 0..100u8 {
        bus.publish("order", vec![n, 0, 255].into()).await?;
    }
    for listener in &mut listeners {
        for n in 0..100u8 {
            ensure!(next(listener).await? == Some(vec![n, 0, 255].into()));
        }
    }
    Ok(())
}

async fn topics_do_not_mix(bus: &dyn Bus, other: &dyn Bus) -> anyhow::Result<()> {
    let mut star = bus.subscribe("topic*").await?;
    let mut one = bus.subscribe("topic one").await?;
    other.publish("topic two", Bytes::from_static(b"two")).await?;
    other.publish("topic one", Bytes::from_static(b"one")).await?;
    other.publish("topic*", Bytes::from_static(b"star")).await?;
    ensure!(next(&mut one).await?.as_deref() == Some(&b"one"[..]));
    ensure!(next(&mut star).await?.as_deref() == Some(&b"star"[..]), "no topic is a pattern");
    Ok(())
}

async fn only_news_from_now_on(bus: &dyn Bus, other: &dyn Bus) -> anyhow::Result<()> {
    other.publish("now", Bytes::from_static(b"before")).await?;
    let mut listener = bus.subscribe("now").await?;
    other.publish("now", Bytes::new()).await?;
    ensure!(next(&mut listener).await? == Some(Bytes::new()));
    Ok(())
}

async fn a_topic_can_be_left_and_taken_up_again(bus: &dyn Bus, other: &dyn Bus) -> anyhow::Result<()> {
    for n in 0..20u8 {
        let left = bus.subscribe("again").await?;
        let mut stays = bus.subscribe("again").await?;
        drop(left);
        other.publish("again", vec![n].into()).await?;
        ensure!(next(&mut stays).await?.as_deref() == Some(&[n][..]));
    }
    Ok(())
}

async fn who_cannot_follow_is_cut_off(bus: &dyn Bus, other: &dyn Bus) -> anyhow::Result<()> {
    let mut slow = bus.subscribe("flood").await?;
    let mut last = bus.subscribe("last").await?;
    for n in 0..2_000u32 {
        other.publish("flood", n.to_le_bytes().to_vec().into()).await?;
    }
    other.publish("last", Bytes::new()).await?;
    next(&mut last).await?;
    // Whatever still comes is an unbroken run, then the end: never a gap in silence.
    let mut previous = None;
    while let Some(news) = next(&mut slow).await? {
        let n = u32::from_le_bytes(news.as_ref().try_into()?);
        ensure!(previous.is_none_or(|previous| n == previous + 1), "news {n} after {previous:?}");
        previous = Some(n);
        ensure!(n < 1_999, "a bus that holds any amount of news grows without bound");
    }
    Ok(())
}

async fn next(listener: &mut BoxStream<'static, Bytes>) -> anyhow::Result<Option<Bytes>> {
    tokio::time::timeout(PATIENCE, listener.next()).await.context("no news came")
}
