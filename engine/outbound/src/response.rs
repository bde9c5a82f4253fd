//! What came back: the head at once, the body piece by piece under its limits.

use crate::error::{OutboundError, Stage};
use crate::request::Limits;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use url::Url;

pub struct OutboundResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Where the answer really came from, after redirects.
    pub url: Url,
    /// Ends after the first error. Dropping it closes the exchange.
    pub body: BoxStream<'static, Result<Bytes, OutboundError>>,
}

impl OutboundResponse {
    /// The whole body, at most `limit` bytes of it: `TooLarge` beyond.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, OutboundError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.body.next().await {
            let piece = piece?;
            if whole.len() + piece.len() > limit {
                return Err(OutboundError::TooLarge { limit: limit as u64 });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

pub(crate) fn bounded(
    body: BoxStream<'static, Result<Bytes, OutboundError>>,
    limits: Limits,
    deadline: Option<Instant>,
) -> BoxStream<'static, Result<Bytes, OutboundError>> {
    let reading = Some(Reading { body, limits, deadline, taken: 0 });
    stream::unfold(reading, |reading| async move {
        let mut reading = reading?;
        match reading.next().await? {
            Ok(piece) => Some((Ok(piece), Some(reading))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

struct Reading {
    body: BoxStream<'static, Result<Bytes, OutboundError>>,
    limits: Limits,
    deadline: Option<Instant>,
    taken: u64,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<Bytes, OutboundError>> {
        let silence = Instant::now() + self.limits.silence;
        let until = self.deadline.map_or(silence, |deadline| deadline.min(silence));
        let Ok(piece) = tokio::time::timeout_at(until, self.body.next()).await else {
            return Some(Err(self.timed_out(until)));
        };
        match piece? {
            Ok(piece) => {
                self.taken += piece.len() as u64;
                if self.taken > self.limits.body {
                    return Some(Err(OutboundError::TooLarge { limit: self.limits.body }));
                }
                Some(Ok(piece))
            }
            Err(error) => Some(Err(error)),
        }
    }

    fn timed_out(&self, until: Instant) -> OutboundError {
        match (self.deadline, self.limits.total) {
            (Some(deadline), Some(after)) if deadline == until => {
                OutboundError::TimedOut { stage: Stage::Total, after }
            }
            _ => OutboundError::TimedOut { stage: Stage::Body, after: self.limits.silence },
        }
    }
}
