//! A reply in the making: told live at once, written down in gulps.
//!
//! What was told and not yet stored is at most a quarter of a second, and of a short reply two kilobytes;
//! a crash loses no more than that, and only of what the model can say again.

use super::live::{News, topic};
use crate::domain::turn::Turn;
use crate::ports::cache::Bus;
use crate::ports::error::Stored;
use crate::ports::turns::Turns;
use engine_client::events::Stage;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const GULP_BYTES: usize = 2048;
/// A gulp is at least this part of what is stored already. Storing more of a text costs as much as the
/// text is long: without this, a long and quick reply would be written down a thousand times over.
const GULP_PART: usize = 16;
const GULP_AFTER: Duration = Duration::from_millis(250);

pub struct Draft {
    turns: Arc<dyn Turns>,
    bus: Arc<dyn Bus>,
    topic: String,
    pub turn: Turn,
    /// Told and not yet stored.
    pending: String,
    /// When `pending` must be stored.
    due: Option<Instant>,
    stage: Option<Stage>,
}

impl Draft {
    pub fn new(turns: Arc<dyn Turns>, bus: Arc<dyn Bus>, turn: Turn) -> Self {
        let topic = topic(turn.id);
        Self { turns, bus, topic, turn, pending: String::new(), due: None, stage: None }
    }

    /// The reply so far, stored or not.
    pub fn text(&self) -> String {
        format!("{}{}", self.turn.text, self.pending)
    }

    /// Nothing was said yet, beside what an earlier reply gave.
    pub fn is_empty(&self) -> bool {
        self.turn.text.len() as i64 <= self.turn.given_bytes && self.pending.is_empty()
    }

    pub async fn enter(&mut self, stage: Stage) {
        if self.stage != Some(stage) {
            self.stage = Some(stage);
            self.tell(&News::Stage(stage)).await;
        }
    }

    /// Adds to the reply and tells whoever follows.
    pub async fn say(&mut self, text: &str) -> Stored<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.enter(Stage::Writing).await;
        // One of the stores cannot hold NUL, and nobody can read it.
        let text = text.replace('\0', "\u{FFFD}");
        let start = self.turn.text.len() + self.pending.len();
        self.tell(&News::Text { revision: self.turn.revision, start, text: text.clone() }).await;
        self.pending.push_str(&text);
        self.due.get_or_insert_with(|| Instant::now() + GULP_AFTER);
        let gulp = GULP_BYTES.max(self.turn.text.len() / GULP_PART);
        if self.pending.len() >= gulp { self.flush().await } else { Ok(()) }
    }

    /// For whoever came late: what they can know from neither the Store nor the news to come.
    pub async fn tell_again(&self) {
        if let Some(stage) = self.stage {
            self.tell(&News::Stage(stage)).await;
        }
        if !self.pending.is_empty() {
            let (revision, start) = (self.turn.revision, self.turn.text.len());
            self.tell(&News::Text { revision, start, text: self.pending.clone() }).await;
        }
    }

    /// Waits until something must be stored; for ever where nothing does. Safe to drop.
    pub async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    pub async fn flush(&mut self) -> Stored<()> {
        self.due = None;
        if !self.pending.is_empty() {
            self.turns.append(&self.turn, self.turn.text.len(), &self.pending).await?;
            self.turn.text.push_str(&self.pending);
            self.pending.clear();
        }
        Ok(())
    }

    /// Tells that the Store knows better than the news do.
    pub async fn changed(&self) {
        self.tell(&News::Changed).await;
    }

    async fn tell(&self, news: &News) {
        // Followers find out from the Store within a second.
        if let Err(error) = self.bus.publish(&self.topic, news.to_bytes()).await {
            tracing::debug!(turn.id = %self.turn.id, error = %error, "live news was lost");
        }
    }
}
