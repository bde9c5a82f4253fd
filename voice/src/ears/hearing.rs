//! One window, heard: what whisper.cpp makes of it, and whether that can be believed.
//!
//! A short window is heard with as much of the model as it needs, which is many times quicker than the thirty seconds that
//! the model was made for. Sometimes that makes it stammer or doubt; then it listens again with all of it. What it still
//! says in the voice of a broken record, or of nobody, is left out.

use super::model::{Model, ModelError, english};
use super::windows::Window;
use crate::sound::pace::HEARD;
use std::ffi::c_void;
use tokio_util::sync::CancellationToken;
use voice_client::wire::{Segment, Word};
use whisper_rs::{FullParams, WhisperError, WhisperSegment, WhisperState, get_lang_str};

/// Shorter sound is filled up with silence: the library reads past the end of less.
const SHORTEST: usize = HEARD as usize;
/// Fewer frames of the model's than this make it hear things.
const FEWEST_FRAMES: i32 = 256;
/// More words before than this leave no room for what is heard.
const MOST_BEFORE: usize = 200;
/// Less sure than this on average is doubt.
const DOUBT: f32 = -1.0;
const NOBODY: f32 = 0.6;
/// The same again so often is a broken record.
const STAMMER: usize = 4;

/// With this the library looks at the sound twice: for the language, and for what is said.
const FIND_OUT: &str = "auto";
/// A little more than it takes, and less than it looks at.
const NOTHING: usize = 1760;
const NOTHING_MS: i32 = 100;
const FREER: f32 = 0.4;

/// What whoever asks wants to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// What is spoken; `None` where the model is to find out.
    pub language: Option<&'static str>,
    /// In English, whatever was spoken.
    pub translates: bool,
    /// Words that may come, or that came before.
    pub before: String,
    pub with_words: bool,
    /// From 0 to 1: how freely it guesses.
    pub temperature: f32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub language: &'static str,
    pub segments: Vec<Segment>,
}

#[derive(Debug, thiserror::Error)]
pub enum HearError {
    #[error("it was stopped")]
    Stopped,
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("the recogniser failed: {0}")]
    Failed(String),
}

/// One who listens. Its state goes back to the model when it is done.
pub struct Listener<'a> {
    model: &'a Model,
    state: Option<WhisperState>,
    threads: i32,
    /// Whoever speaks goes on in the same language, mostly.
    spoken: Option<&'static str>,
}

impl<'a> Listener<'a> {
    pub fn new(model: &'a Model, threads: usize) -> Result<Self, HearError> {
        let threads = i32::try_from(threads).unwrap_or(i32::MAX).max(1);
        Ok(Self { model, state: Some(model.state()?), threads, spoken: None })
    }

    /// What was heard before, by another one, was in this language.
    pub fn goes_on_in(&mut self, language: Option<&'static str>) {
        self.spoken = language;
    }

    /// Blocks until it is heard, or a moment after `stop`.
    pub fn hear(
        &mut self,
        window: &Window,
        wish: &Wish,
        stop: &CancellationToken,
    ) -> Result<Heard, HearError> {
        self.listen(window, wish, stop, true)
    }

    /// As quickly as it can: what is doubtful is not listened to again.
    pub fn guess(
        &mut self,
        window: &Window,
        wish: &Wish,
        stop: &CancellationToken,
    ) -> Result<Heard, HearError> {
        self.listen(window, wish, stop, false)
    }

    fn listen(
        &mut self,
        window: &Window,
        wish: &Wish,
        stop: &CancellationToken,
        takes_care: bool,
    ) -> Result<Heard, HearError> {
        let mut samples = window.samples.clone();
        samples.resize(samples.len().max(SHORTEST), 0.0);
        let told = if self.model.knows_only_english() { Some(english()) } else { wish.language };
        let frames = frames_for(samples.len(), self.model.frames());
        let first = Attempt { language: told.or(self.spoken), frames, freer: 0.0 };
        let mut heard = self.run(&samples, &first, wish, stop)?;
        if takes_care && frames.is_some() && heard.segments.iter().any(is_doubtful) {
            // Somebody may have gone on in another language.
            let again = Attempt { language: told, frames: None, freer: FREER };
            heard = self.run(&samples, &again, wish, stop)?;
        }
        let heard = placed(heard, window);
        if !heard.segments.is_empty() {
            self.spoken = Some(heard.language);
        }
        Ok(heard)
    }

    fn run(
        &mut self,
        samples: &[f32],
        attempt: &Attempt,
        wish: &Wish,
        stop: &CancellationToken,
    ) -> Result<Heard, HearError> {
        let before = self.model.tokens(&wish.before, MOST_BEFORE);
        if attempt.language.is_none() {
            self.look_at(attempt.frames);
        }
        let mut asked: FullParams = self.model.asked(attempt.language.unwrap_or(FIND_OUT));
        asked.set_n_threads(self.threads);
        asked.set_audio_ctx(attempt.frames.unwrap_or(0));
        asked.set_temperature(wish.temperature);
        asked.set_temperature_inc(attempt.freer);
        asked.set_token_timestamps(wish.with_words);
        asked.set_translate(wish.translates);
        asked.set_tokens(&before);
        stop_with(&mut asked, stop);
        let Some(state) = &mut self.state else {
            return Err(HearError::Failed("it failed before".to_owned()));
        };
        match state.full(asked, samples) {
            Ok(()) => {}
            Err(_) if stop.is_cancelled() => return Err(HearError::Stopped),
            Err(error) => {
                // What a failure leaves in it is not known.
                self.state = None;
                return Err(HearError::Failed(told(&error)));
            }
        }
        let language = get_lang_str(state.full_lang_id_from_state()).unwrap_or(english());
        let first_sign = self.model.first_sign();
        let segments = state.as_iter().map(|segment| read(&segment, wish.with_words, first_sign));
        Ok(Heard { language, segments: segments.collect() })
    }

    /// The search for the language looks at as much as the run before it did. One that ends before its first step says how
    /// much that is.
    fn look_at(&mut self, frames: Option<i32>) {
        let Some(state) = &mut self.state else { return };
        let mut asked: FullParams = self.model.asked(english());
        asked.set_audio_ctx(frames.unwrap_or(0));
        asked.set_duration_ms(NOTHING_MS);
        // It hears nothing, and what is wrong with it the next run says.
        let _ = state.full(asked, &[0.0; NOTHING]);
    }
}

/// One way to listen to a window.
struct Attempt {
    /// `None`: to be found out.
    language: Option<&'static str>,
    /// Of the model's; `None` for all of them.
    frames: Option<i32>,
    /// By how much it guesses more freely each time it is not sure.
    freer: f32,
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            self.model.give_back(state);
        }
    }
}

/// As many of the model's frames as the sound fills; `None` where that is nearly all.
fn frames_for(samples: usize, most: i32) -> Option<i32> {
    let filled = i32::try_from(samples * 50 / HEARD as usize).unwrap_or(i32::MAX);
    let frames = (filled.saturating_add(32) / 64 + 1).saturating_mul(64).max(FEWEST_FRAMES);
    (frames < most * 4 / 5).then_some(frames)
}

/// The library asks between two steps whether it shall go on.
#[expect(unsafe_code, reason = "the safe way of the library reads its closure as something it is not")]
fn stop_with(asked: &mut FullParams, stop: &CancellationToken) {
    unsafe extern "C" fn is_stopped(stop: *mut c_void) -> bool {
        // SAFETY: it points to a token that outlives the call that asks.
        unsafe { &*stop.cast::<CancellationToken>() }.is_cancelled()
    }
    // SAFETY: the call that is made with it borrows the token for as long as it takes.
    unsafe {
        asked.set_abort_callback(Some(is_stopped));
        asked.set_abort_callback_user_data(std::ptr::from_ref(stop).cast_mut().cast());
    }
}

fn read(segment: &WhisperSegment, with_words: bool, first_sign: i32) -> Segment {
    let tokens = (0..segment.n_tokens()).filter_map(|place| segment.get_token(place));
    let spoken: Vec<_> = tokens.filter(|token| token.token_id() < first_sign).collect();
    let sum: f32 = spoken.iter().map(|token| token.token_data().plog).sum();
    // A letter may lie in two tokens.
    let mut words: Vec<(Vec<u8>, Word)> = Vec::new();
    for token in spoken.iter().filter(|_| with_words) {
        let (data, bytes) = (token.token_data(), token.to_bytes().unwrap_or_default());
        let (start, end) = (hundredths(data.t0), hundredths(data.t1));
        match words.last_mut() {
            // A word goes on until the next one begins with its space.
            Some((all, word)) if !bytes.starts_with(b" ") => {
                all.extend(bytes);
                word.end = end;
                word.probability = word.probability.min(data.p);
            }
            _ => words.push((bytes.to_vec(), Word { word: String::new(), start, end, probability: data.p })),
        }
    }
    let mut words: Vec<Word> = words
        .into_iter()
        .map(|(bytes, word)| Word { word: String::from_utf8_lossy(&bytes).trim().to_owned(), ..word })
        .collect();
    words.retain(|word| !word.word.is_empty());
    Segment {
        start: hundredths(segment.start_timestamp()),
        end: hundredths(segment.end_timestamp()),
        text: segment.to_str_lossy().unwrap_or_default().trim().to_owned(),
        avg_logprob: if spoken.is_empty() { 0.0 } else { sum / spoken.len() as f32 },
        no_speech_prob: segment.no_speech_probability(),
        words,
    }
}

/// What can be believed, at its place in the whole.
fn placed(heard: Heard, window: &Window) -> Heard {
    let (from, lasts) = (seconds(window.at), seconds(window.samples.len()));
    let at = |second: f64| from + second.clamp(0.0, lasts);
    let believed = heard.segments.into_iter().filter(|segment| !is_nothing(segment));
    let placed = believed.map(|mut segment| {
        (segment.start, segment.end) = (at(segment.start), at(segment.end));
        for word in &mut segment.words {
            (word.start, word.end) = (at(word.start), at(word.end));
        }
        segment
    });
    Heard { segments: placed.collect(), ..heard }
}

fn is_doubtful(segment: &Segment) -> bool {
    segment.avg_logprob < DOUBT || stammers(&segment.text)
}

fn is_nothing(segment: &Segment) -> bool {
    let is_word = segment.text.chars().any(char::is_alphanumeric);
    let is_nobody = segment.no_speech_prob > NOBODY && segment.avg_logprob < DOUBT;
    !is_word || is_nobody || stammers(&segment.text)
}

/// The same few words again and again, or one sign.
fn stammers(text: &str) -> bool {
    let signs: std::collections::BTreeSet<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let repeats = |count: usize| {
        let is_same = |from: usize| {
            (1..STAMMER).all(|nth| words[from..from + count] == words[from + nth * count..][..count])
        };
        (0..=words.len().saturating_sub(count * STAMMER)).any(is_same)
    };
    let most = words.len() / STAMMER;
    (signs.len() <= 2 && text.chars().count() > 12)
        || (1..=most.min(8)).any(|count| words.len() > 6 && repeats(count))
}

fn hundredths(time: i64) -> f64 {
    time as f64 / 100.0
}

fn seconds(samples: usize) -> f64 {
    samples as f64 / f64::from(HEARD)
}

fn told(error: &WhisperError) -> String {
    match error {
        WhisperError::GenericError(-6 | -7) => "it could not work on this sound".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_record_is_told_from_somebody_who_insists() {
        for text in [
            "you you you you you you you",
            "my red my red my red my red",
            "aaaaaaaaaaaaaaaa",
            "so so so so so so so it is",
        ] {
            assert!(stammers(text), "{text}");
        }
        for text in [
            "",
            "no no no",
            "turn on the light",
            "one two one two",
            "it is what it is and that is that",
            "ja ja ja ja",
        ] {
            assert!(!stammers(text), "{text}");
        }
    }

    #[test]
    fn a_short_sound_takes_little_of_the_model() {
        let seconds = |count: usize| frames_for(count * HEARD as usize, 1500);
        assert_eq!((seconds(1), seconds(5), seconds(10)), (Some(256), Some(320), Some(576)));
        assert_eq!((seconds(25), seconds(30)), (None, None));
        assert_eq!(frames_for(HEARD as usize, 300), None);
    }
}
