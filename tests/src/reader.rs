//! Somebody who reads a reply as it comes, and comes back where they were when the line breaks.

use anyhow::{Context, ensure};
use engine_client::client::EngineClient;
use engine_client::events::{Place, TurnEvent};
use engine_client::wire::turns::TurnView;
use futures::{Stream, StreamExt};
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
/// Between two attempts to come back.
const PACE: Duration = Duration::from_millis(20);

type Events = Pin<Box<dyn Stream<Item = Result<TurnEvent, engine_client::client::ClientError>> + Send>>;

pub struct Reader {
    client: EngineClient,
    turn: Uuid,
    events: Option<Events>,
    /// Where to go on from.
    pub at: Place,
    /// What stands on the screen.
    pub text: String,
    pub resets: usize,
    /// How often it had to come back.
    pub breaks: usize,
    ended: Option<TurnView>,
}

impl Reader {
    pub fn new(client: EngineClient, turn: Uuid) -> Self {
        Self {
            client,
            turn,
            events: None,
            at: Place::default(),
            text: String::new(),
            resets: 0,
            breaks: 0,
            ended: None,
        }
    }

    /// Opens the stream and reads nothing of it yet.
    pub async fn open(&mut self) -> anyhow::Result<()> {
        self.events = Some(Box::pin(self.client.follow(self.turn, self.at).await?));
        Ok(())
    }

    /// Leaves; the place is kept.
    pub fn leave(&mut self) {
        self.events = None;
    }

    /// Reads until the turn has ended, through every break.
    pub async fn to_end(mut self) -> anyhow::Result<TurnView> {
        self.read_to_end().await
    }

    pub async fn read_to_end(&mut self) -> anyhow::Result<TurnView> {
        self.read("the end", |reader| reader.ended.is_some()).await?;
        let turn = self.ended.clone().context("it has ended")?;
        ensure!(self.text == turn.text, "read {:?}, and the turn says {:?}", self.text, turn.text);
        Ok(turn)
    }

    /// Reads until the text holds `wanted`.
    pub async fn read_until(&mut self, wanted: &str) -> anyhow::Result<()> {
        self.read(wanted, |reader| reader.text.contains(wanted)).await
    }

    async fn read(&mut self, what: &str, met: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !met(self) {
            ensure!(self.ended.is_none(), "the turn ended without {what:?}: {:?}", self.ended);
            let next = tokio::time::timeout_at(deadline, self.next()).await;
            next.with_context(|| format!("waited {PATIENCE:?} for {what:?} after {:?}", self.text))??;
        }
        Ok(())
    }

    async fn next(&mut self) -> anyhow::Result<()> {
        let Some(events) = &mut self.events else {
            // While the box is down nobody answers, which is no reason to give up.
            if self.open().await.is_err() {
                tokio::time::sleep(PACE).await;
            }
            return Ok(());
        };
        match events.next().await {
            Some(Ok(event)) => self.take(event),
            // Interrupted: it goes on from the last place.
            Some(Err(_)) | None => {
                self.events = None;
                self.breaks += 1;
                Ok(())
            }
        }
    }

    fn take(&mut self, event: TurnEvent) -> anyhow::Result<()> {
        match event {
            TurnEvent::Stage(_) => {}
            TurnEvent::Text { at, text } => {
                self.text.push_str(&text);
                ensure!(at.offset == self.text.len(), "{at} is not behind {:?}", self.text);
                self.at = at;
            }
            TurnEvent::Reset { at } => {
                self.text.clear();
                self.resets += 1;
                self.at = at;
            }
            TurnEvent::Done(turn) => self.ended = Some(*turn),
            // This stream cannot go on; the turn may.
            TurnEvent::Error(_) => self.leave(),
        }
        Ok(())
    }
}
