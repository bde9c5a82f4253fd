//! The stream of one answer: bytes from the network through parser and fragments to deltas, under
//! the clocks of the configuration.
//!
//! One rule of waiting: before the first word only `first_token` counts. After it, `silence` counts
//! from the last byte, keep-alives included, and `first_token` from the last word, whatever keeps
//! the connection alive. After the end was said, `linger` is all the time the figures get.

use super::config::OpenAiConfig;
use super::failure::{nonsense, of_outbound};
use super::fragments::Fragments;
use crate::ports::models::{Delta, DeltaStream, ModelError};
use bytes::Bytes;
use engine_client::sse::{SseError, SseEvent, SseParser};
use engine_outbound::error::OutboundError;
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

type Body = BoxStream<'static, Result<Bytes, OutboundError>>;

/// `sent` is when the request was: the first word's time runs from there.
pub(super) fn streamed(body: Body, fragments: Fragments, config: OpenAiConfig, sent: Instant) -> DeltaStream {
    let reply = Reply {
        body,
        parser: Some(SseParser::new(config.frame_bytes)),
        frames: VecDeque::new(),
        fault: None,
        fragments,
        deltas: VecDeque::new(),
        config,
        last_byte: sent,
        last_word: sent,
        spoke: false,
        finished: None,
    };
    stream::unfold(Some(reply), |reply| async move {
        let mut reply = reply?;
        match reply.next().await {
            Ok(Some(delta)) => Some((Ok(delta), Some(reply))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

/// For an answer that is all there.
pub(super) fn whole(body: &[u8], mut fragments: Fragments) -> Result<DeltaStream, ModelError> {
    let mut deltas = VecDeque::new();
    fragments.take_whole(body, &mut deltas)?;
    deltas.extend(fragments.finish().map(Delta::Finish));
    Ok(stream::iter(deltas.into_iter().map(Ok)).boxed())
}

struct Reply {
    body: Body,
    /// `None` once the last word was said.
    parser: Option<SseParser>,
    frames: VecDeque<SseEvent>,
    /// What is wrong with the bytes after `frames`; told once those are used up.
    fault: Option<ModelError>,
    fragments: Fragments,
    deltas: VecDeque<Delta>,
    config: OpenAiConfig,
    last_byte: Instant,
    last_word: Instant,
    spoke: bool,
    finished: Option<Instant>,
}

impl Reply {
    async fn next(&mut self) -> Result<Option<Delta>, ModelError> {
        loop {
            if let Some(delta) = self.deltas.pop_front() {
                return Ok(Some(delta));
            }
            if self.parser.is_none() {
                return Ok(None);
            }
            if let Some(frame) = self.frames.pop_front() {
                match self.fragments.take(&frame, &mut self.deltas) {
                    Ok(()) => self.note_progress(),
                    Err(_) if self.finished.is_some() => self.end(),
                    Err(error) => return Err(error),
                }
                if self.fragments.is_done() && self.parser.is_some() {
                    // The last bytes are usually here already; taking them lets the next request
                    // use this connection again.
                    let _ = self.body.next().now_or_never();
                    self.end();
                }
                continue;
            }
            match self.fault.take() {
                Some(_) if self.finished.is_some() => self.end(),
                Some(fault) => return Err(fault),
                None => self.read().await?,
            }
        }
    }

    async fn read(&mut self) -> Result<(), ModelError> {
        let (until, after) = self.patience();
        // A server that never stops sending keeps the timer from ever firing: look first.
        let piece = if Instant::now() >= until {
            Err(())
        } else {
            tokio::time::timeout_at(until, self.body.next()).await.map_err(|_| ())
        };
        match piece {
            Ok(Some(Ok(bytes))) => {
                self.last_byte = Instant::now();
                let Some(parser) = &mut self.parser else { return Ok(()) };
                if let Err(fault) = parser.feed(&bytes, &mut self.frames) {
                    self.fault = Some(match fault {
                        SseError::TooLarge => ModelError::TooLarge,
                        SseError::NotUtf8 => nonsense("its stream is not UTF-8 text"),
                    });
                }
                Ok(())
            }
            _ if self.finished.is_some() => {
                self.end();
                Ok(())
            }
            Ok(None) => self.ran_out(),
            Ok(Some(Err(error))) => Err(of_outbound(error)),
            Err(()) => Err(ModelError::Silent { after }),
        }
    }

    /// Until when the next bytes must be there, and what to call it if they are not.
    fn patience(&self) -> (Instant, Duration) {
        let word = (self.last_word + self.config.first_token, self.config.first_token);
        let byte = (self.last_byte + self.config.silence, self.config.silence);
        match self.finished {
            Some(finished) => (finished + self.config.linger, self.config.linger),
            None if self.spoke && byte.0 < word.0 => byte,
            None => word,
        }
    }

    fn note_progress(&mut self) {
        let says = |delta: &Delta| !matches!(delta, Delta::Model(_) | Delta::Usage(..));
        if self.deltas.iter().any(says) {
            self.last_word = Instant::now();
            self.spoke = true;
        }
        if self.finished.is_none() && self.fragments.finish().is_some() {
            self.finished = Some(Instant::now());
        }
    }

    /// The stream ended without having said that it would; only the last blank line may be missing.
    fn ran_out(&mut self) -> Result<(), ModelError> {
        if let Some(frame) = self.parser.take().and_then(SseParser::unfinished) {
            match self.fragments.take(&frame, &mut self.deltas) {
                Ok(()) | Err(ModelError::Nonsense { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.fragments.finish().is_none() {
            return Err(ModelError::Cut);
        }
        self.end();
        Ok(())
    }

    /// Whatever comes after the end of the answer does not undo it.
    fn end(&mut self) {
        self.parser = None;
        self.frames.clear();
        self.deltas.extend(self.fragments.finish().map(Delta::Finish));
    }
}
