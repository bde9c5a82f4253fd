//! News between the tasks of one process.
//!
//! A topic exists while somebody listens to it. Whoever reads slower than others publish by more than
//! `room` pieces of news is cut off: its stream ends, as the port asks. Publishing never waits.

use crate::ports::cache::{Bus, CacheError};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// How far a reader may fall behind before its stream ends.
const ROOM: usize = 256;

pub struct MemoryBus {
    topics: Arc<Mutex<Topics>>,
    room: usize,
}

type Topics = HashMap<String, broadcast::Sender<Bytes>>;

impl MemoryBus {
    pub fn new() -> Self {
        Self::with_room(ROOM)
    }

    fn with_room(room: usize) -> Self {
        Self { topics: Arc::default(), room }
    }
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, topic: &str, news: Bytes) -> Result<(), CacheError> {
        if let Some(sender) = lock(&self.topics).get(topic) {
            // It fails where the last listener leaves this very moment: nobody missed anything.
            sender.send(news).ok();
        }
        Ok(())
    }

    async fn subscribe(&self, topic: &str) -> Result<BoxStream<'static, Bytes>, CacheError> {
        let receiver = match lock(&self.topics).entry(topic.to_owned()) {
            std::collections::hash_map::Entry::Occupied(known) => known.get().subscribe(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let (sender, receiver) = broadcast::channel(self.room);
                free.insert(sender);
                receiver
            }
        };
        let listener =
            Listener { receiver: Some(receiver), topics: Arc::clone(&self.topics), topic: topic.to_owned() };
        let news = stream::unfold(listener, |mut listener| async move {
            let news = listener.receiver.as_mut()?.recv().await.ok()?;
            Some((news, listener))
        });
        // Polling on after the end must not panic: `unfold` alone would.
        Ok(news.fuse().boxed())
    }
}

/// One open stream; the last of a topic takes the topic with it.
struct Listener {
    /// `None` only while it is being dropped.
    receiver: Option<broadcast::Receiver<Bytes>>,
    topics: Arc<Mutex<Topics>>,
    topic: String,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = lock(&self.topics);
        self.receiver = None;
        if topics.get(&self.topic).is_some_and(|sender| sender.receiver_count() == 0) {
            topics.remove(&self.topic);
        }
    }
}

fn lock(topics: &Mutex<Topics>) -> MutexGuard<'_, Topics> {
    topics.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::suites::bus::holds_the_contract;

    #[tokio::test]
    async fn in_memory_it_is_a_bus() -> anyhow::Result<()> {
        let bus = Arc::new(MemoryBus::new());
        holds_the_contract(bus.clone(), bus).await
    }

    #[tokio::test]
    async fn a_topic_lives_as_long_as_somebody_listens() -> anyhow::Result<()> {
        let bus = MemoryBus::new();
        let first = bus.subscribe("topic").await?;
        let second = bus.subscribe("topic").await?;
        drop(first);
        assert_eq!(lock(&bus.topics).len(), 1);
        drop(second);
        for n in 0..1000 {
            drop(bus.subscribe(&format!("topic {n}")).await?);
            bus.publish("nobody's", Bytes::new()).await?;
        }
        assert!(lock(&bus.topics).is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn a_reader_that_falls_behind_is_cut_off_and_takes_its_topic_with_it() -> anyhow::Result<()> {
        let bus = MemoryBus::with_room(4);
        let mut slow = bus.subscribe("topic").await?;
        for n in 0..5u8 {
            bus.publish("topic", vec![n].into()).await?;
        }
        assert_eq!(slow.next().await, None);
        assert_eq!(slow.next().await, None);
        assert!(lock(&bus.topics).is_empty());
        Ok(())
    }
}
