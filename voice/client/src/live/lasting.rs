//! A session that outlives whoever listens in it.
//!
//! What was said and is not told yet is kept. Where the exchange breaks off or falls silent, the next one gets that sound
//! once more, with the words of it that were final: so nothing is told twice, and nothing of it is lost. Sound that ends
//! every exchange is given up after a few of them.

use super::exchange::{BrokeOff, Down, Refused, open};
use super::kept::Kept;
use super::wire::{LiveEvent, Start};
use engine_client::problem::{ErrorCode, Problem};
use engine_client::transport::Transport;
use futures::future::BoxFuture;
use http::HeaderMap;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Whoever listens says something every second.
const SILENCE: Duration = Duration::from_secs(5);
/// To load a large model.
const OPEN_WITHIN: Duration = Duration::from_mins(1);
/// Exchanges in a row in which nothing was told to its end.
const MOST_TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Seconds of sound that may wait to be told.
const MOST_KEPT: f64 = 60.0;

pub struct Lasting {
    transport: Transport,
    headers: HeaderMap,
    start: Start,
    kept: Kept,
    /// What is final of the utterance that is open.
    said: String,
    is_open: bool,
    is_ready: bool,
    is_over: bool,
    tries: u32,
    link: Link,
}

enum Link {
    Waits(Instant),
    /// `since`: where its sound begins in the whole.
    Opens {
        opening: BoxFuture<'static, Result<Down, Refused>>,
        since: f64,
        until: Instant,
    },
    Is {
        down: Down,
        since: f64,
        until: Instant,
    },
}

impl Lasting {
    /// `headers` say for whom. Nothing is sent before it is asked for what comes `next`.
    pub fn new(transport: Transport, headers: HeaderMap, start: Start) -> Self {
        Self {
            transport,
            headers,
            kept: Kept::at(start.rate),
            said: start.said.clone(),
            start,
            is_open: false,
            is_ready: false,
            is_over: false,
            tries: 0,
            link: Link::Waits(Instant::now()),
        }
    }

    /// Whether more sound can be taken. Where it cannot, some comes `next` that makes room.
    pub fn has_room(&self) -> bool {
        self.kept.lasts() < MOST_KEPT
    }

    pub fn hear(&mut self, sound: &[u8]) {
        self.kept.push(sound);
    }

    /// Whether the next word is ours: no more sound is to come, or no more can be taken.
    pub fn is_busy(&self) -> bool {
        self.kept.has_ended() || !self.has_room()
    }

    /// No more sound comes. What was said is told to its end.
    pub fn end(&mut self) {
        self.kept.end();
    }

    /// `None` after the last event. Cancel-safe.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            if self.is_over {
                return None;
            }
            match &mut self.link {
                Link::Waits(until) => {
                    sleep_until(*until).await;
                    self.begin();
                }
                Link::Opens { opening, since, until } => match timeout_at(*until, opening).await {
                    Ok(Ok(down)) => {
                        let (since, until) = (*since, Instant::now() + SILENCE);
                        self.link = Link::Is { down, since, until };
                    }
                    Ok(Err(Refused::With(problem))) if !self.may_pass(&problem) => {
                        return Some(self.fail(problem));
                    }
                    Ok(Err(Refused::With(problem))) => {
                        if let Some(event) = self.again(problem) {
                            return Some(event);
                        }
                    }
                    Ok(Err(Refused::Lost(_))) | Err(_) => {
                        if let Some(event) = self.again(gone()) {
                            return Some(event);
                        }
                    }
                },
                Link::Is { down, since, until } => {
                    let told = timeout_at(*until, down.next()).await.unwrap_or(Err(BrokeOff));
                    *until = Instant::now() + SILENCE;
                    let since = *since;
                    match told {
                        Ok(event) => {
                            if let Some(event) = self.tell(event, since) {
                                return Some(event);
                            }
                        }
                        Err(BrokeOff) => {
                            if let Some(event) = self.again(gone()) {
                                return Some(event);
                            }
                        }
                    }
                }
            }
        }
    }

    fn begin(&mut self) {
        self.tries += 1;
        let start = Start { said: self.said.clone(), ..self.start.clone() };
        let since = self.kept.begins_at();
        let opening = open(&self.transport, &self.headers, &start, self.kept.read());
        self.link = Link::Opens { opening, since, until: Instant::now() + OPEN_WITHIN };
    }

    /// What was refused from the beginning stays so; whoever stands in may need a moment.
    fn may_pass(&self, problem: &Problem) -> bool {
        let passes = matches!(
            problem.code,
            ErrorCode::TooManyRequests | ErrorCode::Stopping | ErrorCode::DeadlineExceeded
        );
        self.is_ready && passes
    }

    fn again(&mut self, problem: Problem) -> Option<LiveEvent> {
        if self.tries >= MOST_TRIES {
            return Some(self.fail(problem));
        }
        let pause = if self.tries <= 1 { Duration::ZERO } else { FIRST_PAUSE * (1 << self.tries) };
        self.link = Link::Waits(Instant::now() + pause);
        None
    }

    fn fail(&mut self, problem: Problem) -> LiveEvent {
        self.is_over = true;
        LiveEvent::Error { problem }
    }

    /// What of it is news, in the times of the whole.
    fn tell(&mut self, event: LiveEvent, since: f64) -> Option<LiveEvent> {
        Some(match event {
            LiveEvent::Ready if std::mem::replace(&mut self.is_ready, true) => return None,
            LiveEvent::Began { .. } if std::mem::replace(&mut self.is_open, true) => return None,
            LiveEvent::Began { at } => LiveEvent::Began { at: since + at },
            LiveEvent::Final { text } => {
                self.said.push_str(&text);
                LiveEvent::Final { text }
            }
            LiveEvent::Utterance { text, from, to, language } => {
                self.close(since + to);
                LiveEvent::Utterance { text, from: since + from, to: since + to, language }
            }
            LiveEvent::Quiet { to } => {
                self.close(since + to);
                LiveEvent::Quiet { to: since + to }
            }
            // It ended in order, and so did what it was told.
            LiveEvent::Error { problem } if problem.code == ErrorCode::Stopping => {
                return self.again(problem);
            }
            last @ (LiveEvent::Done | LiveEvent::Error { .. }) => {
                self.is_over = true;
                last
            }
            other @ (LiveEvent::Ready | LiveEvent::Partial { .. } | LiveEvent::Alive) => other,
        })
    }

    fn close(&mut self, to: f64) {
        self.said.clear();
        self.start.said.clear();
        self.is_open = false;
        self.tries = 1;
        self.kept.let_go(to);
    }
}

fn gone() -> Problem {
    Problem::new(ErrorCode::Stopping, "whatever listens cannot be reached; try again in a moment")
}
