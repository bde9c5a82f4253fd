//! Readers who come when much was told already, over a store that never catches up: whatever they see
//! beyond it comes from the news.

use crate::adapters::memory::bus::MemoryBus;
use crate::adapters::memory::cache::MemoryCache;
use crate::adapters::memory::shelf::Bounds;
use crate::conversation::draft::Draft;
use crate::conversation::follow::{Following, Sight};
use crate::conversation::live::{News, topic};
use crate::conversation::signals::Signals;
use crate::conversation::tests::world::running;
use crate::conversation::window_cache::WindowCache;
use crate::conversation::writer::Writer;
use crate::domain::ids::{ConversationId, PersonId, TenantId, TurnId};
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use crate::domain::turn::Turn;
use crate::domain::usage::{Settlement, UsageEntry};
use crate::models::tests::FixedClock;
use crate::ports::cache::Bus;
use crate::ports::error::Stored;
use crate::ports::turns::{Accepted, Ending, Turns};
use async_trait::async_trait;
use engine_client::events::Place;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_late_follower_is_told_at_once_what_is_not_stored_yet() -> anyhow::Result<()> {
    let turn = running("stored, ");
    let (turns, bus) = (Arc::new(Standing(turn.clone())), Arc::new(MemoryBus::new()));
    let clock = Arc::new(FixedClock::with_chance(0));
    let nothing_near = MemoryCache::new(Bounds { bytes: 0, entries: 0 }, clock.clone());
    let writer = Writer {
        turns: turns.clone(),
        windows: WindowCache::new(Arc::new(nothing_near)),
        bus: bus.clone(),
        clock,
        lease: Duration::from_secs(10),
        places: Arc::new(Semaphore::new(1)),
        leaving: CancellationToken::new(),
    };
    let mut signals = Signals::listen(&writer, &turn).await;
    let mut draft = Draft::new(turns.clone(), bus.clone(), turn.clone());
    draft.say("told to nobody, ").await?;

    let scope = (turn.tenant, turn.person, turn.id);
    let follower = Following::new(turns, bus, TaskTracker::new()).start(scope, Place::default()).await?;
    let mut follower = follower.ok_or_else(|| anyhow::anyhow!("the turn is there"))?;
    let mut seen = String::new();
    let reading = async {
        while seen != "stored, told to nobody, told to all" {
            match follower.next().await? {
                Some(Sight::Text { text, .. }) => seen.push_str(&text),
                Some(Sight::Stage(_)) => {}
                other => anyhow::bail!("{other:?}"),
            }
            if seen.ends_with("nobody, ") {
                bus_tells(&writer, &turn, seen.len(), "told to all").await?;
            }
        }
        Ok(())
    };
    tokio::select! {
        read = tokio::time::timeout(PATIENCE, reading) => read?,
        end = signals.interrupted(&draft) => anyhow::bail!("{end:?}"),
    }
}

#[tokio::test]
async fn news_that_came_too_early_waits_for_what_lies_before_it() -> anyhow::Result<()> {
    let (turn, bus) = (running(""), Arc::new(MemoryBus::new()));
    let turns = Arc::new(Standing(turn.clone()));
    let scope = (turn.tenant, turn.person, turn.id);
    let follower =
        Following::new(turns, bus.clone(), TaskTracker::new()).start(scope, Place::default()).await?;
    let mut follower = follower.ok_or_else(|| anyhow::anyhow!("the turn is there"))?;
    for (start, text) in [(6, "c"), (3, "bbbc"), (0, "aaa")] {
        let news = News::Text { revision: 0, start, text: text.into() };
        bus.publish(&topic(turn.id), news.to_bytes()).await?;
    }
    let mut seen = String::new();
    while seen.len() < 7 {
        let next = tokio::time::timeout(PATIENCE, follower.next()).await??;
        let Some(Sight::Text { at, text }) = next else { continue };
        seen.push_str(&text);
        assert_eq!(at.offset, seen.len());
    }
    assert_eq!(seen, "aaabbbc");
    Ok(())
}

async fn bus_tells(writer: &Writer, turn: &Turn, start: usize, text: &str) -> anyhow::Result<()> {
    let news = News::Text { revision: turn.revision, start, text: text.into() };
    Ok(writer.bus.publish(&topic(turn.id), news.to_bytes()).await?)
}

/// A store that always shows the same turn.
struct Standing(Turn);

#[async_trait]
impl Turns for Standing {
    async fn find(&self, _: TenantId, _: PersonId, _: TurnId) -> Stored<Option<Turn>> {
        Ok(Some(self.0.clone()))
    }

    async fn accept(&self, _: &Turn, _: &Message, _: &UsageEntry) -> Stored<Accepted> {
        Ok(Accepted::Known(self.0.clone()))
    }

    async fn running(&self, _: TenantId, _: ConversationId) -> Stored<Option<Turn>> {
        Ok(Some(self.0.clone()))
    }

    async fn take_over(&self, _: Timestamp, _: Timestamp) -> Stored<Option<Turn>> {
        Ok(None)
    }

    async fn renew(&self, _: &Turn, _: Timestamp) -> Stored<bool> {
        Ok(false)
    }

    async fn append(&self, _: &Turn, _: usize, _: &str) -> Stored<()> {
        Ok(())
    }

    async fn begin_attempt(&self, _: &Turn, _: &Settlement, _: &UsageEntry, _: bool) -> Stored<Turn> {
        Ok(self.0.clone())
    }

    async fn finish(&self, _: &Turn, _: &Ending) -> Stored<()> {
        Ok(())
    }

    async fn request_stop(&self, _: TenantId, _: PersonId, _: TurnId) -> Stored<bool> {
        Ok(false)
    }
}
