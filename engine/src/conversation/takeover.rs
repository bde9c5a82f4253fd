//! What a dead or sleeping owner left is picked up by whoever looks first.

use super::context::ContextReader;
use super::receive::chain_for;
use super::writer::{Assignment, Models, Writer};
use crate::domain::time::Timestamp;
use crate::domain::turn::Turn;
use crate::models::pool::ModelPool;
use crate::ports::connections::Connections;
use crate::ports::conversations::Messages;
use crate::ports::error::{StoreError, Stored};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub struct Takeover {
    pub reader: ContextReader,
    pub messages: Arc<dyn Messages>,
    pub connections: Arc<dyn Connections>,
    pub pool: Arc<ModelPool>,
    pub writer: Writer,
    pub tasks: TaskTracker,
}

impl Takeover {
    /// Takes everything that is running, whoever held it and until when: right where this process is
    /// the only one that can reach the Store, because nobody else can be alive.
    pub async fn take_all(&self) -> Stored<()> {
        // One lease for all of them: a turn that holds it is not taken a second time, which would tell
        // its readers for nothing that their place is void.
        let until = self.writer.clock.now().plus(self.writer.lease);
        while let Some(turn) = self.writer.turns.take_over(Timestamp(i64::MAX), until).await? {
            self.take_up(turn);
        }
        Ok(())
    }

    pub async fn run(self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
            }
            match self.take_expired().await {
                Ok(()) => failing = false,
                // Said once, not twice a second.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(error = %error, "unfinished turns cannot be looked for");
                }
                Err(_) => {}
            }
        }
    }

    async fn take_expired(&self) -> Stored<()> {
        while self.take_one().await? {}
        Ok(())
    }

    /// `false` where there is nothing to take.
    async fn take_one(&self) -> Stored<bool> {
        let now = self.writer.clock.now();
        let Some(turn) = self.writer.turns.take_over(now, now.plus(self.writer.lease)).await? else {
            return Ok(false);
        };
        self.take_up(turn);
        Ok(true)
    }

    fn take_up(&self, turn: Turn) {
        tracing::info!(turn.id = %turn.id, fence = turn.fence, "took over turn {}", turn.id);
        let this = self.clone();
        self.tasks.spawn(async move { this.resume(turn).await });
    }

    async fn resume(&self, turn: Turn) {
        let id = turn.id;
        match self.assignment(turn).await {
            Ok(assignment) => self.writer.write(assignment).await,
            Err(error) => {
                tracing::error!(turn.id = %id, error = %error, "turn {id} cannot be taken up yet");
            }
        }
    }

    async fn assignment(&self, turn: Turn) -> Stored<Assignment> {
        let message = self.messages.find(turn.tenant, turn.conversation, turn.message).await?;
        let message = message.ok_or_else(|| StoreError::Corrupt {
            reason: format!("turn {} has lost its message", turn.id),
        })?;
        let chain = chain_for(&*self.connections, &self.pool, &self.writer.clock, turn.tenant).await?;
        let models = chain.map_or(Models::None, |chain| Models::TakenOver { chain });
        let context = self.reader.read(&turn, &message, models.sees()).await?;
        Ok(Assignment { turn, context, models })
    }
}
