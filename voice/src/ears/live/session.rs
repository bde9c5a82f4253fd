//! A live session beside everybody else's.
//!
//! Sound is taken while something is heard, but no more of it than waits to be heard: whoever sends more than can be heard
//! is held up. A place in the queue is held for one hearing, not for the session.

use super::course::{Course, Due, Of};
use super::seats::Seat;
use crate::ears::desk::{Desk, ListenError, ensure_spoken, failed, known};
use crate::ears::hearing::{Heard, Listener, Wish};
use crate::ears::windows::Window;
use crate::queue::{Full, Place};
use crate::shelf::models::ModelFile;
use crate::sound::error::SoundError;
use crate::sound::pace::{HEARD, Pace};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use voice_client::live::wire::{LiveEvent, Start};

/// Whoever listens says so as often, when there is nothing else to say.
const ALIVE: Duration = Duration::from_secs(1);
/// Between two attempts to get a place, where too many wait.
const PAUSE: Duration = Duration::from_millis(250);

/// `None` comes of a guess that nobody had time for.
type Hearing = BoxFuture<'static, Result<Option<Run>, ListenError>>;

/// Somebody who is heard while they speak. Whoever drops it stops it.
pub struct Session<S> {
    ears: Ears,
    course: Course,
    sound: S,
    /// `None`: there is no more.
    samples: Option<Samples>,
    hearing: Option<(Of, Hearing)>,
    next_sign: Instant,
    is_ready: bool,
    is_over: bool,
    _seat: Seat,
}

#[derive(Clone)]
struct Ears {
    desk: Arc<Desk>,
    who: String,
    file: ModelFile,
    wish: Wish,
    /// In what they spoke before.
    spoken: Option<&'static str>,
}

/// What came of hearing something, and how long it took.
struct Run {
    heard: Heard,
    took: Duration,
}

impl Desk {
    /// Finds a seat and the model. What cannot be heard at all is told here.
    pub async fn live<S>(
        self: &Arc<Self>,
        who: &str,
        start: Start,
        sound: S,
    ) -> Result<Session<S>, ListenError> {
        let seat = self.seats.take(who).map_err(ListenError::Crowded)?;
        let file = self.choose(start.model.as_deref())?;
        let samples = Samples::at(start.rate, self.settings.longest)?;
        let wish = Wish { language: known(start.language)?, before: start.prompt, ..Wish::default() };
        let (model, _) = self.model(&file).await?;
        ensure_spoken(&model, &wish, &file)?;
        let ears = Ears { desk: Arc::clone(self), who: who.to_owned(), file, wish, spoken: None };
        Ok(Session {
            ears,
            course: Course::new(&start.said),
            sound,
            samples: Some(samples),
            hearing: None,
            next_sign: Instant::now() + ALIVE,
            is_ready: false,
            is_over: false,
            _seat: seat,
        })
    }
}

impl<S, E> Session<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// `None` at the end, and where the sound broke off. An error is the last that comes. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<LiveEvent, ListenError>> {
        if self.is_over {
            return None;
        }
        if !std::mem::replace(&mut self.is_ready, true) {
            return Some(Ok(LiveEvent::Ready));
        }
        loop {
            if let Some(event) = self.course.event() {
                self.is_over = event == LiveEvent::Done;
                self.next_sign = Instant::now() + ALIVE;
                return Some(Ok(event));
            }
            if self.hearing.is_none() {
                if let Some(Due { of, window }) = self.course.due() {
                    self.hearing = Some((of, self.ears.clone().hear(of, window).boxed()));
                    continue;
                }
                if self.course.is_over() {
                    self.course.finish();
                    continue;
                }
            }
            let next = tokio::select! {
                biased;
                heard = heard(&mut self.hearing) => self.heard(heard),
                piece = self.sound.next(), if self.course.wants_sound() => match piece {
                    Some(Ok(piece)) => self.take(&piece),
                    None => {
                        self.take_rest();
                        Ok(())
                    }
                    Some(Err(_)) => {
                        self.is_over = true;
                        return None;
                    }
                },
                () = tokio::time::sleep_until(self.next_sign) => {
                    self.next_sign = Instant::now() + ALIVE;
                    return Some(Ok(LiveEvent::Alive));
                }
            };
            if let Err(error) = next {
                self.is_over = true;
                return Some(Err(error));
            }
        }
    }

    fn heard(&mut self, (of, run): (Of, Result<Option<Run>, ListenError>)) -> Result<(), ListenError> {
        if let Some(Run { heard, took }) = run? {
            if !heard.segments.is_empty() {
                self.ears.spoken = Some(heard.language);
            }
            self.course.heard(of, &heard, took);
        }
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), ListenError> {
        let Some(samples) = &mut self.samples else { return Ok(()) };
        self.course.take(&samples.take(piece)?);
        Ok(())
    }

    fn take_rest(&mut self) {
        if let Some(samples) = self.samples.take() {
            self.course.take(&samples.rest());
        }
        self.course.end();
    }
}

/// Never, where nothing is heard.
async fn heard<T>(hearing: &mut Option<(Of, BoxFuture<'static, T>)>) -> (Of, T) {
    let Some((of, run)) = hearing else { return std::future::pending().await };
    let (of, run) = (*of, run.await);
    *hearing = None;
    (of, run)
}

impl Ears {
    /// `None`: so many wait that there is no guess this time.
    async fn hear(self, of: Of, window: Window) -> Result<Option<Run>, ListenError> {
        let is_guess = matches!(of, Of::Guess { .. });
        let Some(place) = self.place(is_guess).await else { return Ok(None) };
        let (model, used) = self.desk.model(&self.file).await?;
        let stop = CancellationToken::new();
        let _stops = stop.clone().drop_guard();
        let (threads, wish, spoken) = (self.desk.settings.threads, self.wish, self.spoken);
        let work = move || -> Result<Option<Run>, ListenError> {
            let _place = place;
            let begun = Instant::now();
            let mut listener = Listener::new(&model, threads).map_err(failed)?;
            listener.goes_on_in(spoken);
            let heard = if is_guess {
                listener.guess(&window, &wish, &stop)
            } else {
                listener.hear(&window, &wish, &stop)
            };
            used.is_now();
            Ok(Some(Run { heard: heard.map_err(failed)?, took: begun.elapsed() }))
        };
        let ended = tokio::task::spawn_blocking(work).await;
        ended.unwrap_or_else(|error| Err(ListenError::Failed(error.to_string())))
    }

    async fn place(&self, is_guess: bool) -> Option<Place> {
        loop {
            match self.desk.queue.enter(&self.who).await {
                Ok(place) => return Some(place),
                Err(Full(_)) if is_guess => return None,
                Err(Full(_)) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

/// From bytes as they come to samples as ears listen to them.
struct Samples {
    pace: Pace,
    /// The first half of one.
    odd: Option<u8>,
    /// How many may still come.
    left: usize,
    longest: Duration,
}

impl Samples {
    fn at(rate: u32, longest: Duration) -> Result<Self, SoundError> {
        let left = usize::try_from(longest.as_secs() * u64::from(HEARD)).unwrap_or(usize::MAX);
        Ok(Self { pace: Pace::new(rate, HEARD)?, odd: None, left, longest })
    }

    fn take(&mut self, piece: &[u8]) -> Result<Vec<f32>, SoundError> {
        let bytes: Vec<u8> = self.odd.take().into_iter().chain(piece.iter().copied()).collect();
        let (whole, odd) = bytes.as_chunks::<2>();
        self.odd = odd.first().copied();
        let came: Vec<f32> = whole.iter().map(|two| f32::from(i16::from_le_bytes(*two)) / 32_768.0).collect();
        let mut samples = Vec::new();
        self.pace.take(&came, &mut samples);
        self.left = self.left.checked_sub(samples.len()).ok_or(SoundError::TooLong(self.longest))?;
        Ok(samples)
    }

    /// Half a sample is none.
    fn rest(self) -> Vec<f32> {
        let mut samples = Vec::new();
        self.pace.end(&mut samples);
        samples
    }
}
