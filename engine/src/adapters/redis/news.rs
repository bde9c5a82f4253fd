//! The one connection on which news arrives, and who gets what.
//!
//! In come wishes to listen and word of those who left, out go news to each channel's listeners. It
//! connects when the first one asks, and again after a loss when the next one asks: a server that is
//! away is not called for nobody. Silence is checked with a ping, since a link can die unheard.

use super::link::{PATIENCE, failed, silent};
use crate::ports::cache::CacheError;
use bytes::Bytes;
use futures::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, RedisResult, Value};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How far a reader may fall behind before its stream ends.
const ROOM: usize = 256;
/// How long a dead link may go unnoticed, beside `PATIENCE`.
const PULSE: Duration = Duration::from_secs(10);
/// After a failed connection the same answer is given for this long: a crowd that asks at once does
/// not wait one after the other.
const REST: Duration = Duration::from_millis(250);

pub enum Ask {
    Listen {
        channel: String,
        answer: oneshot::Sender<Result<broadcast::Receiver<Bytes>, CacheError>>,
    },
    /// A listener of this channel is gone; perhaps it was the last.
    Left {
        channel: String,
    },
}

type Asks = mpsc::UnboundedReceiver<Ask>;

/// Runs until `stop`, or until nobody can ask any more.
pub async fn keep(client: Client, mut asks: Asks, stop: CancellationToken) {
    stop.run_until_cancelled(serve_while_asked(&client, &mut asks)).await;
}

async fn serve_while_asked(client: &Client, asks: &mut Asks) {
    let mut failure: Option<(Instant, String)> = None;
    while let Some(ask) = asks.recv().await {
        // Nobody listens without a connection, so a `Left` is old.
        let Ask::Listen { channel, answer } = ask else { continue };
        if answer.is_closed() {
            continue;
        }
        if let Some((at, reason)) = &failure
            && at.elapsed() < REST
        {
            answer.send(Err(CacheError(reason.clone()))).ok();
            continue;
        }
        match connect(client).await {
            Ok(mut line) => {
                failure = None;
                info!(service.name = "cache", "news arrives");
                let ended = match line.listen(channel, answer).await {
                    Ok(()) => line.serve(asks).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = ended {
                    warn!(service.name = "cache", error = %error, "news is cut off until somebody listens again");
                }
            }
            Err(error) => {
                failure = Some((Instant::now(), error.0.clone()));
                answer.send(Err(error)).ok();
            }
        }
    }
}

async fn connect(client: &Client) -> Result<Line, CacheError> {
    let connection = in_time(client.get_async_pubsub()).await?;
    let (sink, news) = connection.split();
    Ok(Line { sink, news, channels: HashMap::new() })
}

/// An open connection. Dropping it ends every stream that hangs on it.
struct Line {
    sink: PubSubSink,
    news: PubSubStream,
    channels: HashMap<String, broadcast::Sender<Bytes>>,
}

impl Line {
    /// Ends with an error when the connection is lost.
    async fn serve(&mut self, asks: &mut Asks) -> Result<(), CacheError> {
        let mut pulse = interval(PULSE);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                news = self.news.next() => {
                    let news = news.ok_or_else(|| CacheError("redis closed the connection".to_owned()))?;
                    if let Some(listeners) = self.channels.get(news.get_channel_name()) {
                        // It fails where the last listener has just left; its `Left` follows.
                        listeners.send(Bytes::copy_from_slice(news.get_payload_bytes())).ok();
                    }
                }
                ask = asks.recv() => match ask {
                    Some(Ask::Listen { channel, answer }) => self.listen(channel, answer).await?,
                    Some(Ask::Left { channel }) => self.leave(&channel).await?,
                    None => return Ok(()),
                },
                _ = pulse.tick() => {
                    let _pong: Value = in_time(self.sink.ping()).await?;
                }
            }
        }
    }

    async fn listen(
        &mut self,
        channel: String,
        answer: oneshot::Sender<Result<broadcast::Receiver<Bytes>, CacheError>>,
    ) -> Result<(), CacheError> {
        if answer.is_closed() {
            return Ok(());
        }
        let receiver = if let Some(listeners) = self.channels.get(&channel) {
            listeners.subscribe()
        } else {
            if let Err(error) = in_time(self.sink.subscribe(&channel)).await {
                answer.send(Err(CacheError(error.0.clone()))).ok();
                return Err(error);
            }
            let (listeners, receiver) = broadcast::channel(ROOM);
            self.channels.insert(channel.clone(), listeners);
            receiver
        };
        match answer.send(Ok(receiver)) {
            Ok(()) => Ok(()),
            // Whoever asked has given up meanwhile and will send no `Left`.
            Err(unheard) => {
                drop(unheard);
                self.leave(&channel).await
            }
        }
    }

    async fn leave(&mut self, channel: &str) -> Result<(), CacheError> {
        if self.channels.get(channel).is_some_and(|listeners| listeners.receiver_count() == 0) {
            self.channels.remove(channel);
            in_time(self.sink.unsubscribe(channel)).await?;
        }
        Ok(())
    }
}

async fn in_time<T>(call: impl Future<Output = RedisResult<T>>) -> Result<T, CacheError> {
    timeout(PATIENCE, call).await.map_err(|_| silent())?.map_err(failed)
}
