//! What is told of a row of looks, each with its moment.

use crate::containers::detect::{Detection, Seen};
use crate::containers::endpoint::{Candidate, Endpoint, Origin};
use crate::containers::state::{State, Verdict};
use crate::containers::steady::{Course, Moment, Steady};
use engine::domain::time::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// 2026-11-20 14:03 UTC.
const THEN: Timestamp = Timestamp(1_795_183_380_000_000);

pub struct Row {
    steady: Steady,
    start: Instant,
}

impl Row {
    fn new() -> Self {
        Self { steady: Steady::default(), start: Instant::now() }
    }

    /// The state told of a look so many milliseconds after the start.
    fn at(&mut self, millis: u64, look: Detection) -> Detection {
        let moment = Moment { at: self.start + Duration::from_millis(millis), on: THEN };
        self.steady.heard(look, moment)
    }

    fn state_at(&mut self, millis: u64, look: Detection) -> State {
        self.at(millis, look).state
    }
}

/// Engines by name; the first of the best counts, or the one that is named with a `!`.
pub fn look(engines: &[(&str, State)]) -> Detection {
    let seen: Vec<Seen> = engines
        .iter()
        .map(|(name, state)| {
            let origin =
                if name.ends_with('!') { Origin::Variable("DOCKER_HOST") } else { Origin::Usual("Docker") };
            let candidate = Candidate { endpoint: place(name), origin };
            Seen { candidate, verdict: Verdict::new(*state, "so it is") }
        })
        .collect();
    let mut found = Detection::bare(State::NotInstalled, "none is there");
    let named = engines.iter().position(|(name, _)| name.ends_with('!'));
    let there = engines.iter().enumerate().filter(|(_, (_, state))| *state != State::NotInstalled);
    let best = there.min_by_key(|(_, (_, state))| state.worth()).map(|(at, _)| at);
    found.seen = seen;
    if let Some(at) = named.or(best) {
        found.speak_of(at);
    }
    found
}

pub fn place(name: &str) -> Endpoint {
    Endpoint::Socket(format!("/{}", name.trim_end_matches('!')).into())
}

fn one(state: State) -> Detection {
    look(&[("a", state)])
}

fn chosen(told: &Detection) -> Endpoint {
    told.chosen().expect("one counts").candidate.endpoint.clone()
}

#[test]
fn at_the_start_one_good_look_is_enough() {
    for state in [State::Running, State::Degraded] {
        let mut row = Row::new();
        assert_eq!(row.state_at(0, one(state)), state);
        assert_eq!(row.steady.course(), Course::Works);
        assert_eq!(row.steady.place(), Some(&place("a")));
    }
    for state in State::BY_WORTH.into_iter().filter(|state| !state.works()) {
        let mut row = Row::new();
        assert_eq!(row.at(0, one(state)), one(state), "told as it is");
        assert_eq!(row.steady.place(), None);
    }
}

#[test]
fn one_missed_answer_is_no_loss_and_two_are() {
    let mut row = Row::new();
    row.at(0, one(State::Running));
    assert_eq!(row.at(1000, one(State::Starting)), one(State::Running), "as before");
    assert_eq!(row.steady.course(), Course::Doubted);
    assert_eq!(row.state_at(1500, one(State::Running)), State::Running);
    assert_eq!(row.steady.course(), Course::Works, "a good answer clears it");
    row.at(2000, one(State::Starting));
    let lost = row.at(2500, one(State::Starting));
    assert_eq!(lost.state, State::Lost);
    for word in ["/a", "so it is", "since 2026-11-20 14:03 UTC", "goes on in this process"] {
        assert!(lost.detail.contains(word), "{word} is missing in {}", lost.detail);
    }

    let mut blind = Row::new();
    blind.at(0, one(State::Running));
    assert_eq!(blind.state_at(1000, look(&[])), State::Running, "no place could be looked at");
    assert_eq!(blind.state_at(2000, look(&[])), State::Lost);

    let mut asked = Row::new();
    asked.at(0, one(State::Running));
    asked.steady.missed();
    assert_eq!(asked.state_at(1000, one(State::Starting)), State::Lost, "the question counts as well");
    let mut recovered = Row::new();
    recovered.at(0, one(State::Running));
    recovered.steady.missed();
    assert_eq!(recovered.state_at(1000, one(State::Running)), State::Running);
}

#[test]
fn a_socket_that_refuses_or_is_gone_is_believed_at_once() {
    for gone in [one(State::Stopped), one(State::NotInstalled), look(&[("b", State::NotInstalled)])] {
        let mut row = Row::new();
        row.at(0, one(State::Running));
        assert_eq!(row.state_at(1000, gone.clone()), State::Lost);
        let later = row.at(600_000, gone);
        assert_eq!(later.state, State::Lost, "and stays so");
        assert!(later.detail.contains("since 2026-11-20"), "{}", later.detail);
    }
}

#[test]
fn what_says_what_to_do_about_it_is_not_called_lost() {
    for told in
        [State::PermissionDenied, State::ApiTooOld, State::ClientTooOld, State::NotDocker, State::Disabled]
    {
        let mut row = Row::new();
        row.at(0, one(State::Running));
        assert_eq!(row.at(1000, one(told)), one(told));
        assert_eq!(row.state_at(2000, one(State::Stopped)), State::Lost, "it still ran once");
    }
}

#[test]
fn coming_back_takes_three_good_answers_over_five_seconds() {
    for (before, gone) in [
        (State::Running, State::Stopped),
        (State::Stopped, State::Stopped),
        (State::PermissionDenied, State::PermissionDenied),
        (State::NotInstalled, State::NotInstalled),
    ] {
        let mut row = Row::new();
        row.at(0, one(before));
        row.at(1000, one(gone));
        let first = row.at(10_000, one(State::Running));
        assert_eq!(first.state, State::Starting);
        assert!(first.detail.contains("counts once it has done so for 5 seconds"), "{}", first.detail);
        assert_eq!(row.steady.course(), Course::Returning);
        assert_eq!(row.state_at(12_000, one(State::Running)), State::Starting);
        assert_eq!(row.state_at(14_999, one(State::Running)), State::Starting, "three, and too soon");
        assert_eq!(row.state_at(15_000, one(State::Running)), State::Running);
    }
    let mut few = Row::new();
    few.at(0, one(State::Stopped));
    few.at(1000, one(State::Running));
    assert_eq!(few.state_at(60_000, one(State::Running)), State::Starting, "long enough, and only two");
    assert_eq!(few.state_at(60_001, one(State::Running)), State::Running);
}

#[test]
fn a_miss_on_the_way_back_begins_it_anew() {
    let mut row = Row::new();
    row.at(0, one(State::Running));
    row.at(1000, one(State::Stopped));
    row.at(2000, one(State::Running));
    row.at(5000, one(State::Running));
    assert_eq!(row.state_at(6000, one(State::Starting)), State::Lost);
    for millis in [7000, 9000, 11_999] {
        assert_eq!(row.state_at(millis, one(State::Running)), State::Starting);
    }
    assert_eq!(row.state_at(12_000, one(State::Running)), State::Running);
}

#[test]
fn an_engine_that_answers_nothing_is_starting_for_two_minutes() {
    let mut row = Row::new();
    row.at(0, one(State::Starting));
    assert_eq!(row.steady.course(), Course::Starting);
    let later = row.at(42_000, one(State::Starting));
    assert_eq!(later.state, State::Starting);
    assert!(later.detail.ends_with("for 42 seconds now"), "{}", later.detail);
    for millis in [120_000, 130_000] {
        let told = row.at(millis, one(State::Starting));
        assert_eq!(told.state, State::Stopped);
        assert!(told.detail.contains("more than 2 minutes"), "{}", told.detail);
        assert_eq!(row.steady.course(), Course::Out);
    }
    row.at(140_000, one(State::Stopped));
    assert_eq!(row.state_at(141_000, one(State::Starting)), State::Starting, "it was started again");
}

#[test]
fn another_engine_begins_afresh_and_what_works_is_kept() {
    let mut row = Row::new();
    row.at(0, look(&[("a", State::Running)]));
    let better = row.at(1000, look(&[("b", State::Running), ("a", State::Degraded)]));
    assert_eq!(
        (better.state, chosen(&better)),
        (State::Degraded, place("a")),
        "what runs there is not moved"
    );
    let doubted = row.at(2000, look(&[("b", State::Running), ("a", State::Starting)]));
    assert_eq!(chosen(&doubted), place("a"), "not for one miss");
    let other = row.at(3000, look(&[("b", State::Running), ("a", State::Starting)]));
    assert_eq!((other.state, chosen(&other)), (State::Running, place("b")));

    row.at(4000, look(&[("b", State::Stopped)]));
    let left = row.at(5000, look(&[("b", State::Stopped), ("c", State::Starting)]));
    assert_eq!((left.state, chosen(&left)), (State::Lost, place("b")), "another that does not work is none");
    let third = row.at(6000, look(&[("c", State::Running), ("b", State::Stopped)]));
    assert_eq!((third.state, chosen(&third)), (State::Running, place("c")));
}

#[test]
fn what_somebody_names_meanwhile_is_believed_at_once() {
    let mut row = Row::new();
    row.at(0, look(&[("a", State::Running)]));
    let named = look(&[("b!", State::Stopped), ("a", State::Running)]);
    assert_eq!(row.at(1000, named.clone()), named);
    assert_eq!(
        row.state_at(2000, look(&[("b!", State::NotInstalled), ("a", State::Running)])),
        State::NotInstalled
    );
}
