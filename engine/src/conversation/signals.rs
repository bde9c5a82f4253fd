//! What may end a reply from outside: the person's wish, the box going down, a lost lease.
//!
//! A wish to stop comes at once over the bus and, should that be lost, with the next renewal of the
//! lease, a second later at most.

use super::attempt::End;
use super::draft::Draft;
use super::live::stop_topic;
use crate::conversation::writer::LEASE;
use crate::domain::turn::Turn;
use crate::ports::cache::Bus;
use crate::ports::clock::Clock;
use crate::ports::error::StoreError;
use crate::ports::turns::Turns;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

const RENEW_EVERY: Duration = Duration::from_secs(1);

pub struct Signals {
    turns: Arc<dyn Turns>,
    clock: Arc<dyn Clock>,
    leaving: CancellationToken,
    wishes: BoxStream<'static, Bytes>,
    renewals: Interval,
}

impl Signals {
    pub async fn listen(
        turns: &Arc<dyn Turns>,
        bus: &Arc<dyn Bus>,
        clock: &Arc<dyn Clock>,
        leaving: &CancellationToken,
        turn: &Turn,
    ) -> Self {
        let wishes = bus.subscribe(&stop_topic(turn.id)).await.unwrap_or_else(|error| {
            tracing::debug!(turn.id = %turn.id, error = %error, "stops are seen at renewals only");
            futures::stream::pending().boxed()
        });
        let mut renewals = tokio::time::interval_at(tokio::time::Instant::now() + RENEW_EVERY, RENEW_EVERY);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { turns: turns.clone(), clock: clock.clone(), leaving: leaving.clone(), wishes, renewals }
    }

    /// Renews the lease until the reply must end here. Safe to drop and ask again.
    pub async fn interrupted(&mut self, turn: &Turn) -> Result<End, StoreError> {
        loop {
            tokio::select! {
                () = self.leaving.cancelled() => return Ok(End::Leaving),
                wish = self.wishes.next() => match wish {
                    Some(_) => return Ok(End::Stopped),
                    None => self.wishes = futures::stream::pending().boxed(),
                },
                _ = self.renewals.tick() => {
                    let until = self.clock.now().plus(LEASE);
                    match self.turns.renew(turn, until).await {
                        Ok(true) => return Ok(End::Stopped),
                        Ok(false) => {}
                        // The lease lasts a few renewals; only a lost fence ends the turn here.
                        Err(error @ StoreError::Fenced { .. }) => return Err(error),
                        Err(error) => {
                            tracing::warn!(turn.id = %turn.id, error = %error, "the lease could not be renewed");
                        }
                    }
                }
            }
        }
    }

    /// Waits, and tells what cut the wait short.
    pub async fn sleep(&mut self, draft: &Draft, span: Duration) -> Result<Option<End>, StoreError> {
        if span.is_zero() {
            return Ok(None);
        }
        tokio::select! {
            () = tokio::time::sleep(span) => Ok(None),
            end = self.interrupted(&draft.turn) => end.map(Some),
        }
    }
}
