//! What may end a reply from outside: the person's wish, the box going down, a lost lease.
//!
//! A wish to stop comes at once over the bus and, should that be lost, with the next renewal of the
//! lease, a second later at most.

use super::attempt::End;
use super::draft::Draft;
use super::live::{Wish, wish_topic};
use super::writer::Writer;
use crate::domain::turn::Turn;
use crate::ports::clock::Clock;
use crate::ports::error::StoreError;
use crate::ports::turns::Turns;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// A lease is renewed this often in its span.
const RENEWALS_A_LEASE: u32 = 4;

pub struct Signals {
    turns: Arc<dyn Turns>,
    clock: Arc<dyn Clock>,
    lease: Duration,
    places: Arc<Semaphore>,
    leaving: CancellationToken,
    wishes: BoxStream<'static, Bytes>,
    /// Somebody came late and was not told yet.
    late: bool,
    renewals: Interval,
}

impl Signals {
    pub async fn listen(writer: &Writer, turn: &Turn) -> Self {
        let bus = &writer.bus;
        let wishes = bus.subscribe(&wish_topic(turn.id)).await.unwrap_or_else(|error| {
            tracing::debug!(turn.id = %turn.id, error = %error, "stops are seen at renewals only");
            futures::stream::pending().boxed()
        });
        let every = writer.lease / RENEWALS_A_LEASE;
        let mut renewals = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            turns: writer.turns.clone(),
            clock: writer.clock.clone(),
            lease: writer.lease,
            places: writer.places.clone(),
            leaving: writer.leaving.clone(),
            wishes,
            late: false,
            renewals,
        }
    }

    /// Waits for one of the places in which replies are written, or for what ends the wait.
    pub async fn place(&mut self, draft: &Draft) -> Result<Result<OwnedSemaphorePermit, End>, StoreError> {
        let places = self.places.clone();
        tokio::select! {
            place = places.acquire_owned() => Ok(Ok(place.expect("nobody closes the places"))),
            end = self.interrupted(draft) => end.map(Err),
        }
    }

    /// Renews the lease, and tells late readers what they missed, until the reply must end here. Safe to
    /// drop and ask again.
    pub async fn interrupted(&mut self, draft: &Draft) -> Result<End, StoreError> {
        let turn = &draft.turn;
        loop {
            if self.late {
                draft.tell_again().await;
                self.late = false;
            }
            tokio::select! {
                () = self.leaving.cancelled() => return Ok(End::Leaving),
                wish = self.wishes.next() => match wish.map(|wish| Wish::from_bytes(&wish)) {
                    Some(Some(Wish::Stop)) => return Ok(End::Stopped),
                    Some(Some(Wish::Tell)) => self.late = true,
                    Some(None) => {}
                    None => self.wishes = futures::stream::pending().boxed(),
                },
                _ = self.renewals.tick() => {
                    let until = self.clock.now().plus(self.lease);
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
            end = self.interrupted(draft) => end.map(Some),
        }
    }
}
