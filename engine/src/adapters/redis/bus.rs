//! The bus on the server: this process's listeners share one connection for news.
//!
//! `news` keeps that connection. When it is lost, every open stream ends, since nobody knows what was
//! missed; subscribing again opens it anew. Publishing goes over the link for commands, once.

use super::link::{PATIENCE, RedisLink, Repeat, silent};
use super::news::{self, Ask};
use crate::ports::cache::{Bus, CacheError};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use redis::Cmd;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub struct RedisBus {
    link: RedisLink,
    asks: mpsc::UnboundedSender<Ask>,
}

impl RedisBus {
    /// Opens nothing yet; keeps the connection for news on `tasks` until `stop`, which ends every
    /// stream.
    pub fn start(link: RedisLink, tasks: &TaskTracker, stop: CancellationToken) -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        tasks.spawn(news::keep(link.client().clone(), asked, stop));
        Self { link, asks }
    }

    fn channel(&self, topic: &str) -> String {
        self.link.named("news", topic)
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, topic: &str, news: Bytes) -> Result<(), CacheError> {
        let command = Cmd::publish(self.channel(topic), news.as_ref());
        self.link.ask(&command, Repeat::Never).await
    }

    async fn subscribe(&self, topic: &str) -> Result<BoxStream<'static, Bytes>, CacheError> {
        let channel = self.channel(topic);
        let (answer, answered) = oneshot::channel();
        let stopped = || CacheError("this process is stopping".to_owned());
        self.asks.send(Ask::Listen { channel: channel.clone(), answer }).map_err(|_| stopped())?;
        let receiver = timeout(PATIENCE, answered).await.map_err(|_| silent())?.map_err(|_| stopped())??;
        let listener = Listener { receiver: Some(receiver), channel, asks: self.asks.clone() };
        let news = stream::unfold(listener, |mut listener| async move {
            let news = listener.receiver.as_mut()?.recv().await.ok()?;
            Some((news, listener))
        });
        // Polling on after the end must not panic: `unfold` alone would.
        Ok(news.fuse().boxed())
    }
}

/// One open stream.
struct Listener {
    /// `None` only while it is being dropped.
    receiver: Option<broadcast::Receiver<Bytes>>,
    channel: String,
    asks: mpsc::UnboundedSender<Ask>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.receiver = None;
        // Where nobody takes it, the connection is gone and its channels with it.
        self.asks.send(Ask::Left { channel: std::mem::take(&mut self.channel) }).ok();
    }
}
