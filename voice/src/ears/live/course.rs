//! The course of a live session: which sound is due to be heard, and what is told of what was heard in it.
//!
//! Pure: whoever drives it hears what is due, one thing at a time, and tells it what came of it.

use super::agreement::Agreement;
use crate::ears::hearing::Heard;
use crate::ears::windows::{CERTAIN, Window, Windows};
use crate::sound::pace::HEARD;
use std::collections::VecDeque;
use std::time::Duration;
use voice_client::live::wire::LiveEvent;

/// Sound between two guesses, at least.
const TICK: usize = HEARD as usize * 3 / 10;
/// Kept from before somebody began: no word is in it.
const BEFORE: usize = HEARD as usize / 4;
/// How often it is told that nobody speaks.
const QUIET: usize = HEARD as usize;
/// Utterances that wait to be heard; more sound is not taken before.
const MOST_WAITING: usize = 2;

pub struct Course {
    /// `None`: no more sound comes.
    windows: Option<Windows>,
    ended: VecDeque<Window>,
    agreement: Agreement,
    /// It was told that somebody began.
    is_open: bool,
    guess: String,
    guessed_to: usize,
    tick: usize,
    quiet_to: usize,
    events: VecDeque<LiveEvent>,
}

/// Sound that is to be heard now.
pub struct Due {
    pub of: Of,
    pub window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Somebody still speaks.
    Guess { may_settle: bool },
    /// They have ended: from and to.
    Whole { from: usize, to: usize },
}

impl Course {
    /// `said`: what was final of the utterance that the sound begins with.
    pub fn new(said: &str) -> Self {
        Self {
            windows: Some(Windows::live()),
            ended: VecDeque::new(),
            agreement: Agreement::beginning_with(said),
            is_open: false,
            guess: String::new(),
            guessed_to: 0,
            tick: TICK,
            quiet_to: 0,
            events: VecDeque::new(),
        }
    }

    pub fn wants_sound(&self) -> bool {
        self.windows.is_some() && self.ended.len() < MOST_WAITING
    }

    pub fn take(&mut self, samples: &[f32]) {
        let Some(windows) = &mut self.windows else { return };
        self.ended.extend(windows.take(samples));
        let passed = windows.passed();
        let is_quiet = windows.so_far().is_none() && self.ended.is_empty() && !self.is_open;
        // What was final before another went on comes again with the sound: it is waited for longer.
        let patience = if self.agreement.text().is_empty() { QUIET } else { 5 * QUIET };
        if is_quiet && passed >= self.quiet_to + patience {
            self.close(self.quiet_to, passed, "");
        }
    }

    /// No more sound comes.
    pub fn end(&mut self) {
        if let Some(windows) = self.windows.take() {
            self.ended.extend(windows.end());
        }
    }

    /// What is to be heard now; whoever asks tells it by `heard` before asking again.
    pub fn due(&mut self) -> Option<Due> {
        if let Some(window) = self.ended.pop_front() {
            self.begin(window.at);
            let of = Of::Whole { from: window.at, to: window.at + window.samples.len() };
            return Some(Due { of, window });
        }
        let so_far = self.windows.as_ref()?.so_far()?;
        self.begin(so_far.start);
        if so_far.end < self.guessed_to + self.tick {
            return None;
        }
        self.guessed_to = so_far.end;
        let window = self.windows.as_ref()?.look_back();
        Some(Due { of: Of::Guess { may_settle: window.samples.len() <= CERTAIN }, window })
    }

    /// Whether everything was heard, where nothing is being heard.
    pub fn is_over(&self) -> bool {
        self.windows.is_none() && self.ended.is_empty()
    }

    /// Everything was heard.
    pub fn finish(&mut self) {
        if !self.agreement.text().is_empty() {
            self.close(self.quiet_to, self.quiet_to, "");
        }
        self.events.push_back(LiveEvent::Done);
    }

    pub fn heard(&mut self, of: Of, heard: &Heard, took: Duration) {
        let texts: Vec<&str> = heard.segments.iter().map(|segment| segment.text.as_str()).collect();
        let text = texts.join(" ");
        match of {
            Of::Guess { may_settle } => {
                let all = took.as_secs_f64() * 1.5 * f64::from(HEARD);
                self.tick = (all as usize).max(TICK);
                let told = self.agreement.guess(&text, may_settle);
                let is_news = !told.settled.is_empty() || told.guess != self.guess;
                self.settled(told.settled);
                if is_news {
                    self.guess.clone_from(&told.guess);
                    self.events.push_back(LiveEvent::Partial { text: told.guess });
                }
            }
            Of::Whole { from, to } => {
                let settled = self.agreement.end(&text);
                self.settled(settled);
                self.is_open = false;
                self.guess.clear();
                self.close(from, to, heard.language);
            }
        }
    }

    /// What is to be told next.
    pub fn event(&mut self) -> Option<LiveEvent> {
        self.events.pop_front()
    }

    fn begin(&mut self, at: usize) {
        if !self.is_open {
            self.is_open = true;
            self.guessed_to = at + BEFORE;
            self.events.push_back(LiveEvent::Began { at: seconds(at) });
        }
    }

    fn settled(&mut self, text: String) {
        if !text.is_empty() {
            self.events.push_back(LiveEvent::Final { text });
        }
    }

    /// Up to there everything is told. What was final before the sound began may be all that was said.
    fn close(&mut self, from: usize, to: usize, language: &str) {
        self.quiet_to = to;
        let text = std::mem::take(&mut self.agreement).text();
        let (from, to) = (seconds(from), seconds(to));
        self.events.push_back(if text.is_empty() {
            LiveEvent::Quiet { to }
        } else {
            LiveEvent::Utterance { text, from, to, language: language.to_owned() }
        });
    }
}

fn seconds(samples: usize) -> f64 {
    samples as f64 / f64::from(HEARD)
}
