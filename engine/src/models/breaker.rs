//! A connection that failed often in a row rests, then proves itself with one attempt.
//!
//! A pure state machine: time comes in with each question. Shared by all turns that use the
//! connection.

use crate::domain::time::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// Failures in a row until it rests. Default 5: more than one turn makes of its own.
    pub failures: u32,
    /// The first rest. Default 5 s; doubled after each probe that fails.
    pub rest: Duration,
    /// The longest rest. Default 60 s: a person who starts their server does not wait for long.
    pub longest_rest: Duration,
    /// A probe that nobody reported back on is forgotten after this. Default 150 s.
    pub probe: Duration,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            failures: 5,
            rest: Duration::from_secs(5),
            longest_rest: Duration::from_mins(1),
            probe: Duration::from_secs(150),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    Go,
    /// Go, and know that others wait for how it ends.
    Probe,
    Rest(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Timestamp, rest: Duration },
    HalfOpen { since: Timestamp, rest: Duration },
}

pub struct Breaker {
    rules: BreakerRules,
    state: Mutex<State>,
}

impl Breaker {
    pub fn new(rules: BreakerRules) -> Self {
        Self { rules, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// May the connection be tried now?
    pub fn ask(&self, now: Timestamp) -> Permit {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Permit::Go,
            State::Open { until, rest } => {
                // A clock that was set back must not stretch the rest.
                let remaining = until.since(now).min(rest);
                if remaining.is_zero() {
                    *state = State::HalfOpen { since: now, rest };
                    return Permit::Probe;
                }
                *state = State::Open { until: now.plus(remaining), rest };
                Permit::Rest(remaining)
            }
            State::HalfOpen { since, rest } => {
                let waited = now.since(since);
                if waited >= self.rules.probe {
                    *state = State::HalfOpen { since: now, rest };
                    return Permit::Probe;
                }
                Permit::Rest(self.rules.rest.min(self.rules.probe.saturating_sub(waited)))
            }
        }
    }

    /// How long it still rests; changes nothing.
    pub fn rests_for(&self, now: Timestamp) -> Duration {
        match *self.state() {
            State::Closed { .. } => Duration::ZERO,
            State::Open { until, rest } => until.since(now).min(rest),
            State::HalfOpen { since, .. } => {
                self.rules.rest.min(self.rules.probe.saturating_sub(now.since(since)))
            }
        }
    }

    /// The server answered sensibly, be it with a refusal.
    pub fn succeeded(&self) {
        *self.state() = State::Closed { failures: 0 };
    }

    /// The server failed, and it was its fault.
    pub fn failed(&self, now: Timestamp) {
        let mut state = self.state();
        *state = match *state {
            State::Closed { failures } if failures + 1 < self.rules.failures => {
                State::Closed { failures: failures + 1 }
            }
            State::Closed { .. } => State::Open { until: now.plus(self.rules.rest), rest: self.rules.rest },
            // Attempts that began before the rest say nothing new.
            State::Open { until, rest } => State::Open { until, rest },
            State::HalfOpen { rest, .. } => {
                let rest = (rest * 2).min(self.rules.longest_rest);
                State::Open { until: now.plus(rest), rest }
            }
        };
    }

    /// The probe was given up before it could tell anything: the next one may go at once.
    pub fn abandoned(&self, now: Timestamp) {
        let mut state = self.state();
        if let State::HalfOpen { rest, .. } = *state {
            *state = State::Open { until: now, rest };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(1_000_000 * SECOND + seconds * SECOND)
    }

    fn rest(seconds: u64) -> Permit {
        Permit::Rest(Duration::from_secs(seconds))
    }

    fn breaker() -> Breaker {
        Breaker::new(BreakerRules { failures: 3, ..BreakerRules::default() })
    }

    fn open_at_zero() -> Breaker {
        let breaker = breaker();
        for _ in 0..3 {
            assert_eq!(breaker.ask(at(0)), Permit::Go);
            breaker.failed(at(0));
        }
        breaker
    }

    #[test]
    fn it_rests_after_failures_in_a_row_only() {
        let breaker = breaker();
        for _ in 0..10 {
            breaker.failed(at(0));
            breaker.failed(at(0));
            breaker.succeeded();
        }
        assert_eq!(breaker.ask(at(0)), Permit::Go);
        let breaker = open_at_zero();
        assert_eq!(breaker.ask(at(0)), rest(5));
        assert_eq!(breaker.ask(at(4)), rest(1));
    }

    #[test]
    fn after_the_rest_one_attempt_decides_for_all() {
        let breaker = open_at_zero();
        assert_eq!(breaker.ask(at(5)), Permit::Probe);
        assert_eq!(breaker.ask(at(5)), rest(5));
        breaker.succeeded();
        assert_eq!(breaker.ask(at(5)), Permit::Go);
    }

    #[test]
    fn each_failed_probe_doubles_the_rest_up_to_the_longest() {
        let breaker = open_at_zero();
        let mut now = 5;
        for expected in [10, 20, 40, 60, 60] {
            assert_eq!(breaker.ask(at(now)), Permit::Probe);
            breaker.failed(at(now));
            assert_eq!(breaker.ask(at(now)), rest(expected));
            now += i64::try_from(expected).expect("it is small");
        }
    }

    #[test]
    fn late_failures_do_not_lengthen_the_rest() {
        let breaker = open_at_zero();
        breaker.failed(at(4));
        assert_eq!(breaker.ask(at(5)), Permit::Probe);
    }

    #[test]
    fn a_probe_that_was_given_up_or_forgotten_makes_room_for_the_next() {
        let breaker = open_at_zero();
        assert_eq!(breaker.ask(at(5)), Permit::Probe);
        breaker.abandoned(at(6));
        assert_eq!(breaker.ask(at(6)), Permit::Probe);
        assert_eq!(breaker.ask(at(155)), rest(1));
        assert_eq!(breaker.ask(at(156)), Permit::Probe);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stretch_the_rest() {
        let breaker = open_at_zero();
        assert_eq!(breaker.ask(at(-3_600)), rest(5));
        assert_eq!(breaker.ask(at(-3_595)), Permit::Probe);
    }
}
