//! Text in, sound out, both bit by bit: the first clause sounds while the rest is still written.
//!
//! One clause is made ahead of what is taken, never more: whoever stops listening has wasted no more than that.

use super::choice::StandIn;
use super::reading::clause::{Clause, Pause};
use super::reading::reader::Reader;
use super::synthesizer::{Manner, Sound, SpeakError, Synthesizer};
use crate::sound::pace::Pace;
use futures::{Stream, StreamExt};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voice_client::speech::VoiceView;

/// Samples a second that can be wished for.
pub const RATES: RangeInclusive<u32> = 8_000..=48_000;
/// Whoever takes no sound for so long has gone.
const STILL: Duration = Duration::from_mins(2);
/// Bytes of text that are looked at in one go.
const PART: usize = 4096;

/// Speaks with one synthesizer.
pub struct Mouth {
    synthesizer: Arc<dyn Synthesizer>,
    tasks: TaskTracker,
}

#[derive(Clone, Debug)]
pub struct Wish {
    pub manner: Manner,
    /// Whose words are put for numbers and signs: that of the voice.
    pub language: String,
    /// Samples a second, where the voice's own are not good enough.
    pub rate: Option<u32>,
    /// Goes on where the voice fails.
    pub stand_in: Option<StandIn>,
}

/// Sound as it is made, all at one rate. Whoever drops it stops it.
pub struct Speech {
    sounds: mpsc::Receiver<Sound>,
    /// Until it is known to have ended well.
    work: Option<JoinHandle<Result<(), SpeakError>>>,
}

impl Mouth {
    pub fn new(synthesizer: Arc<dyn Synthesizer>, tasks: TaskTracker) -> Self {
        Self { synthesizer, tasks }
    }

    /// Who can speak.
    pub async fn voices(&self) -> Result<Vec<VoiceView>, SpeakError> {
        self.synthesizer.voices().await
    }

    /// The pieces may be of any size. An error is the last that comes. What is held is let go when all is said, or nobody
    /// has listened for a while.
    pub fn speak(
        &self,
        text: impl Stream<Item = String> + Send + 'static,
        wish: Wish,
        stop: CancellationToken,
        held: impl Send + 'static,
    ) -> Speech {
        let (sender, sounds) = mpsc::channel(1);
        let synthesizer = Arc::clone(&self.synthesizer);
        let work = self.tasks.spawn(async move {
            let _held = held;
            let speaker = Speaker { synthesizer, wish, rate: None, to: sender.clone() };
            tokio::select! {
                biased;
                () = stop.cancelled() => Err(SpeakError::Stopped),
                () = sender.closed() => Ok(()),
                outcome = speaker.speak(text) => outcome,
            }
        });
        Speech { sounds, work: Some(work) }
    }
}

impl Stream for Speech {
    type Item = Result<Sound, SpeakError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(sound) = ready!(self.sounds.poll_recv(context)) {
            return Poll::Ready(Some(Ok(sound)));
        }
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        // What broke off is not taken for an end.
        let ended = ready!(Pin::new(work).poll(context));
        self.work = None;
        Poll::Ready(match ended {
            Ok(outcome) => outcome.err().map(Err),
            Err(error) => Some(Err(SpeakError::Failed(error.to_string()))),
        })
    }
}

struct Speaker {
    synthesizer: Arc<dyn Synthesizer>,
    wish: Wish,
    /// Of the first sound: all others follow.
    rate: Option<u32>,
    to: mpsc::Sender<Sound>,
}

impl Speaker {
    async fn speak(mut self, text: impl Stream<Item = String>) -> Result<(), SpeakError> {
        if let Some(rate) = self.wish.rate.filter(|rate| !RATES.contains(rate)) {
            return Err(SpeakError::Failed(format!("nobody listens to {rate} samples a second")));
        }
        let mut text = std::pin::pin!(text);
        let mut reader = Reader::new(&self.wish.language);
        while let Some(piece) = text.next().await {
            for part in parts(&piece) {
                for clause in reader.take(part) {
                    self.say(&clause).await?;
                }
            }
        }
        for clause in reader.end() {
            self.say(&clause).await?;
        }
        Ok(())
    }

    async fn say(&mut self, clause: &Clause) -> Result<(), SpeakError> {
        // Nothing is made before there is a place for it.
        let to = self.to.clone();
        let place = tokio::time::timeout(STILL, to.reserve()).await;
        let place = place.map_err(|_| SpeakError::Stopped)?.map_err(|_| SpeakError::Stopped)?;
        let sound = match self.synthesizer.say(clause, &self.wish.manner).await {
            Ok(sound) => sound,
            Err(error) => self.say_otherwise(clause, error).await?,
        };
        let rate = *self.rate.get_or_insert(self.wish.rate.unwrap_or(sound.rate));
        let said = at_rate(sound, rate).await?;
        let silence = silence(clause.after).as_secs_f64() / f64::from(self.wish.manner.speed());
        let mut samples = vec![0; (silence * f64::from(rate)).round() as usize];
        samples.extend(said);
        if !samples.is_empty() {
            place.send(Sound { rate, samples });
        }
        Ok(())
    }
}

impl Speaker {
    /// By whoever stands in, from here to the end: a voice that comes and goes is worse than one that is plain.
    async fn say_otherwise(&mut self, clause: &Clause, error: SpeakError) -> Result<Sound, SpeakError> {
        let Some(other) = self.wish.stand_in.take() else { return Err(error) };
        if error == SpeakError::Stopped || (other.only_goes_on && self.rate.is_none()) {
            return Err(error);
        }
        let manner = self.wish.manner.spoken_by(other.voice);
        let Ok(sound) = self.synthesizer.say(clause, &manner).await else { return Err(error) };
        tracing::warn!(error = %error, "a voice failed; {} says the rest for it", manner.voice);
        self.wish.manner = manner;
        Ok(sound)
    }
}

/// As long as people pause.
fn silence(pause: Pause) -> Duration {
    Duration::from_millis(match pause {
        Pause::None => 0,
        Pause::Comma => 150,
        Pause::Sentence => 350,
        Pause::Paragraph => 700,
    })
}

async fn at_rate(sound: Sound, rate: u32) -> Result<Vec<i16>, SpeakError> {
    if sound.rate == rate {
        return Ok(sound.samples);
    }
    let failed = |why: String| SpeakError::Failed(format!("the voice's sound cannot be used: {why}"));
    let work = move || {
        let mut pace = Pace::new(sound.rate, rate).map_err(|error| error.to_string())?;
        let samples: Vec<f32> = sound.samples.into_iter().map(f32::from).collect();
        let mut out = Vec::new();
        pace.take(&samples, &mut out);
        pace.end(&mut out);
        // Too large a number becomes the largest.
        Ok(out.into_iter().map(|sample| sample.round() as i16).collect())
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(error.to_string())).map_err(failed)
}

/// So that a long text is not all turned into clauses before the first of them is said.
fn parts(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (part, rest) = text.split_at(text.floor_char_boundary(PART));
        text = rest;
        (!part.is_empty()).then_some(part)
    })
}
