//! From single looks to a state that can be leaned on.
//!
//! One missed answer is no loss, and one good answer is no return: who runs containers moves with this state,
//! and must not move with every hiccup. Pure: looks and their moments go in, what is told comes out.

use super::detect::{Detection, Seen};
use super::endpoint::Endpoint;
use super::state::State;
use engine::domain::time::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// Missed answers after which a working engine is gone. A socket that refuses is believed at once.
const MISSES: u32 = 2;
/// What an engine has to show before it counts again.
const GOOD_ANSWERS: u32 = 3;
const GOOD_FOR: Duration = Duration::from_secs(5);
/// An engine that takes calls and answers none for longer is not starting any more.
const LONGEST_START: Duration = Duration::from_mins(2);

#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For counting how long.
    pub at: Instant,
    /// For saying since when.
    pub on: Timestamp,
}

/// How soon somebody should look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Works,
    /// It worked, and missed an answer.
    Doubted,
    /// It answers again, and does not count yet.
    Returning,
    /// It takes calls and does not answer them yet.
    Starting,
    Out,
}

#[derive(Debug, Default)]
pub struct Steady {
    phase: Phase,
    told: Option<Detection>,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    New,
    Works {
        place: Endpoint,
        misses: u32,
    },
    Out(Out),
}

#[derive(Debug, Default)]
struct Out {
    /// The engine that is spoken of, where one is known.
    place: Option<Endpoint>,
    /// Since when it is gone, where it ran.
    gone: Option<Timestamp>,
    mute: Option<Mute>,
    /// How many good answers there were in a row, and when the first one was.
    good: Option<(u32, Instant)>,
}

/// It takes calls and answers none.
#[derive(Clone, Copy, Debug)]
struct Mute {
    since: Instant,
    too_long: bool,
}

impl Steady {
    pub fn course(&self) -> Course {
        match &self.phase {
            Phase::Works { misses: 0, .. } => Course::Works,
            Phase::Works { .. } => Course::Doubted,
            Phase::Out(Out { good: Some(_), .. }) => Course::Returning,
            Phase::Out(Out { mute: Some(Mute { too_long: false, .. }), .. }) => Course::Starting,
            Phase::New | Phase::Out(_) => Course::Out,
        }
    }

    /// The engine that works: the one to ask whether it still does.
    pub fn place(&self) -> Option<&Endpoint> {
        match &self.phase {
            Phase::Works { place, .. } => Some(place),
            Phase::New | Phase::Out(_) => None,
        }
    }

    /// It was asked between two looks, and did not answer.
    pub fn missed(&mut self) {
        if let Phase::Works { misses, .. } = &mut self.phase {
            *misses += 1;
        }
    }

    /// Takes a look at all places and says what holds.
    pub fn heard(&mut self, look: Detection, now: Moment) -> Detection {
        let told = match std::mem::take(&mut self.phase) {
            Phase::New => self.fresh(look, now),
            Phase::Works { place, misses } => self.heard_working(place, misses, look, now),
            Phase::Out(out) => self.heard_out(out, look, now),
        };
        self.told = Some(told.clone());
        told
    }

    /// The first look, or another engine than before: one good look is enough.
    fn fresh(&mut self, look: Detection, now: Moment) -> Detection {
        let place = look.chosen().map(|one| one.candidate.endpoint.clone());
        match place {
            Some(place) if look.state.works() => {
                self.phase = Phase::Works { place, misses: 0 };
                look
            }
            place => self.out(Out { place, ..Out::default() }, look, now),
        }
    }

    /// What works is kept, also where a better one has come: what runs there is not moved.
    fn heard_working(&mut self, place: Endpoint, misses: u32, mut look: Detection, now: Moment) -> Detection {
        if names_another(&look, &place) {
            return self.fresh(look, now);
        }
        let here = look.place_of(&place);
        let state = here.and_then(|at| look.seen.get(at)).map(|one| one.verdict.state);
        if let (Some(at), true) = (here, state.is_some_and(State::works)) {
            look.speak_of(at);
            self.phase = Phase::Works { place, misses: 0 };
            return look;
        }
        let misses = misses + 1;
        // Where no place could be looked at, nobody has refused either.
        let is_unsure = state == Some(State::Starting) || look.seen.is_empty();
        if let (true, Some(told), true) = (is_unsure, &self.told, misses < MISSES) {
            self.phase = Phase::Works { place, misses };
            return told.clone();
        }
        if look.state.works() {
            return self.fresh(look, now);
        }
        self.out(Out { place: Some(place), gone: Some(now.on), ..Out::default() }, look, now)
    }

    fn heard_out(&mut self, mut out: Out, mut look: Detection, now: Moment) -> Detection {
        let chosen = look.chosen().map(|one| one.candidate.endpoint.clone());
        let is_another = match (&out.place, &chosen) {
            (Some(place), Some(chosen)) if place != chosen => {
                out.gone.is_none() || look.state.works() || names_another(&look, place)
            }
            _ => false,
        };
        if is_another {
            return self.fresh(look, now);
        }
        out.place = out.place.or(chosen);
        let here = out.place.as_ref().and_then(|place| look.place_of(place));
        let works = here.and_then(|at| look.seen.get(at)).is_some_and(|one| one.verdict.state.works());
        let (Some(place), Some(at), true) = (out.place.clone(), here, works) else {
            out.good = None;
            return self.out(out, look, now);
        };
        look.speak_of(at);
        let (count, since) = out.good.map_or((1, now.at), |(count, since)| (count + 1, since));
        if count >= GOOD_ANSWERS && now.at.duration_since(since) >= GOOD_FOR {
            self.phase = Phase::Works { place, misses: 0 };
            return look;
        }
        self.phase = Phase::Out(Out { good: Some((count, since)), mute: None, ..out });
        look.state = State::Starting;
        look.detail = format!(
            "{}; it answers again, and counts once it has done so for {} seconds",
            look.detail,
            GOOD_FOR.as_secs()
        );
        look
    }

    /// It does not work: how that is told.
    fn out(&mut self, mut out: Out, mut look: Detection, now: Moment) -> Detection {
        out.mute = (look.state == State::Starting).then(|| {
            let since = out.mute.map_or(now.at, |mute| mute.since);
            Mute { since, too_long: now.at.duration_since(since) >= LONGEST_START }
        });
        match out.mute {
            None => {}
            Some(Mute { too_long: true, .. }) => {
                look.state = State::Stopped;
                let minutes = LONGEST_START.as_secs() / 60;
                look.detail =
                    format!("{}, for more than {minutes} minutes: start the engine again", look.detail);
            }
            Some(Mute { since, .. }) => {
                let seconds = now.at.duration_since(since).as_secs();
                if seconds > 0 {
                    look.detail = format!("{}, for {seconds} seconds now", look.detail);
                }
            }
        }
        if let (Some(gone), State::Starting | State::Stopped | State::NotInstalled) = (out.gone, look.state) {
            look.chosen = out.place.as_ref().and_then(|place| look.place_of(place));
            look.state = State::Lost;
            look.detail = format!(
                "{}. It ran, and is gone since {}; everything needed goes on in this process",
                look.detail,
                minute(gone)
            );
        }
        self.phase = Phase::Out(out);
        look
    }
}

/// Somebody has named another one meanwhile, which is never passed over.
fn names_another(look: &Detection, place: &Endpoint) -> bool {
    look.chosen()
        .is_some_and(|Seen { candidate, .. }| candidate.origin.is_explicit() && candidate.endpoint != *place)
}

/// `2026-11-20 14:03 UTC`.
fn minute(on: Timestamp) -> String {
    let minutes = on.0.div_euclid(60_000_000).rem_euclid(24 * 60);
    format!("{} {:02}:{:02} UTC", on.date(), minutes / 60, minutes % 60)
}
