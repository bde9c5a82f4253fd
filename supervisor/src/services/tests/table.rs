//! The whole table, written out: each stage against each event. A stage or an event without a row does not
//! compile, and a change of the table is a change of the snapshot, to be read by whoever reviews it.

use super::super::fault::{Fault, Trouble};
use super::super::table::step;
use super::super::upkeep::{
    Act, Event, MOST_FAILURES, MOST_MISSES, PARKED, SETTLED, STARTUP, Sight, Stage, Upkeep, WINDOW,
};
use engine::domain::time::Timestamp;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_000_000_000_000);

fn stages() -> Vec<Stage> {
    let after = |stage: &Stage| match stage {
        Stage::Off => Some(Stage::Waiting),
        Stage::Waiting => Some(Stage::Looking),
        Stage::Looking => Some(Stage::Fetching),
        Stage::Fetching => Some(Stage::Making),
        Stage::Making => Some(Stage::Starting),
        Stage::Starting => Some(Stage::Serving { since: NOW, misses: 0 }),
        Stage::Serving { misses: 0, .. } => Some(Stage::Serving { since: NOW, misses: MOST_MISSES - 1 }),
        Stage::Serving { .. } => Some(Stage::Unwatched { misses: 0 }),
        Stage::Unwatched { misses: 0 } => Some(Stage::Unwatched { misses: MOST_MISSES - 1 }),
        Stage::Unwatched { .. } => Some(Stage::Halting),
        Stage::Halting => Some(Stage::Resting),
        Stage::Resting => Some(Stage::Parked),
        Stage::Parked => Some(Stage::Leaving),
        Stage::Leaving => None,
    };
    std::iter::successors(Some(Stage::Off), after).collect()
}

fn events() -> Vec<Event> {
    let crash = || Trouble::new(Fault::Crashed, "exit 1");
    let after = |event: &Event| match event {
        Event::Wanted => Some(Event::Unwanted),
        Event::Unwanted => Some(Event::Clear),
        Event::Clear => Some(Event::Blocked),
        Event::Blocked => Some(Event::Found(Sight::Absent)),
        Event::Found(Sight::Absent) => Some(Event::Found(Sight::Outdated)),
        Event::Found(Sight::Outdated) => Some(Event::Found(Sight::Idle)),
        Event::Found(Sight::Idle) => Some(Event::Found(Sight::Runs)),
        Event::Found(Sight::Runs) => Some(Event::ImageReady),
        Event::ImageReady => Some(Event::Running),
        Event::Running => Some(Event::Answered),
        Event::Answered => Some(Event::Silent),
        Event::Silent => Some(Event::Ended(crash())),
        Event::Ended(_) => Some(Event::Gone),
        Event::Gone => Some(Event::Failed(crash())),
        Event::Failed(trouble) if trouble.fault == Fault::Crashed => {
            Some(Event::Failed(Trouble::new(Fault::NameTaken, "")))
        }
        Event::Failed(_) => Some(Event::Stopped),
        Event::Stopped => Some(Event::Removed),
        Event::Removed => Some(Event::Due),
        Event::Due => Some(Event::Retry),
        Event::Retry => Some(Event::Anew),
        Event::Anew => None,
    };
    std::iter::successors(Some(Event::Wanted), after).collect()
}

fn at(stage: Stage) -> Upkeep {
    Upkeep { stage, ..Upkeep::default() }
}

fn told(event: &Event) -> String {
    match event {
        Event::Ended(trouble) => format!("Ended({})", trouble.fault.as_str()),
        Event::Failed(trouble) => format!("Failed({})", trouble.fault.as_str()),
        other => format!("{other:?}"),
    }
}

fn named(stage: &Stage) -> String {
    match stage {
        Stage::Serving { misses, .. } | Stage::Unwatched { misses } => {
            format!("{}, {misses} missed", stage.as_str())
        }
        other => other.as_str().to_owned(),
    }
}

#[test]
fn each_stage_meets_each_event_as_it_is_written_down() {
    let mut lines = Vec::new();
    for stage in stages() {
        lines.push(format!("\n{}", named(&stage)));
        let mut idle = Vec::new();
        for event in events() {
            let before = at(stage.clone());
            let (after, acts) = step(&before, &event, NOW, 0.5);
            if after == before && acts.is_empty() {
                idle.push(told(&event));
                continue;
            }
            let due = after.due.map(|due| format!(", due in {:?}", due.since(NOW))).unwrap_or_default();
            lines.push(format!("  {:<22} → {}{due} {acts:?}", told(&event), named(&after.stage)));
        }
        lines.push(format!("  nothing comes of {}", idle.join(", ")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// Every walk through the table, however long: whatever happens, what a service leaves behind is in order.
#[test]
fn no_walk_uses_what_does_not_serve_or_waits_for_ever() {
    let mut seed: u64 = 7;
    let mut chance = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let (mut upkeep, mut used, mut now) = (Upkeep::default(), false, NOW);
    let events = events();
    for _ in 0..200_000 {
        now = now.plus(Duration::from_millis(chance() as u64 % 20_000));
        let event = &events[chance() % events.len()];
        let (after, acts) = step(&upkeep, event, now, 0.5);
        for act in &acts {
            used = match act {
                Act::Announce => true,
                Act::Withdraw => false,
                _ => used,
            };
        }
        let is_sound = match &after.stage {
            Stage::Serving { .. } | Stage::Unwatched { .. } => used,
            // It goes on serving while its successor is fetched, or while it is looked at again.
            Stage::Looking | Stage::Fetching | Stage::Starting => true,
            _ => !used,
        };
        assert!(is_sound, "{upkeep:?} and {event:?} became {after:?} with {acts:?}");
        let rests = matches!(after.stage, Stage::Resting | Stage::Parked | Stage::Starting);
        assert!(!rests || after.due.is_some(), "nothing would ever wake {after:?}");
        assert!(after.failures.len() <= MOST_FAILURES, "{after:?}");
        upkeep = after;
    }
}

fn crash(upkeep: &Upkeep, now: Timestamp) -> Upkeep {
    let (looking, _) = step(&Upkeep { stage: Stage::Resting, ..upkeep.clone() }, &Event::Due, now, 0.5);
    let (making, _) = step(&looking, &Event::Found(Sight::Idle), now, 0.5);
    let (starting, _) = step(&making, &Event::Running, now, 0.5);
    step(&starting, &Event::Ended(Trouble::new(Fault::Crashed, "")), now, 0.5).0
}

#[test]
fn the_fifth_crash_within_five_minutes_parks_it_and_one_more_after_the_rest_parks_it_again() {
    let (mut upkeep, mut now, mut pauses) = (at(Stage::Off), NOW, Vec::new());
    for _ in 0..MOST_FAILURES {
        upkeep = crash(&upkeep, now);
        let due = upkeep.due.expect("a pause");
        pauses.push(due.since(now));
        now = due;
    }
    assert_eq!(pauses[..4], [500, 1000, 2000, 4000].map(Duration::from_millis));
    assert_eq!((upkeep.stage.clone(), pauses[4]), (Stage::Parked, PARKED));
    assert_eq!(upkeep.starts, 5);

    let again = crash(&upkeep, now.plus(WINDOW * 3));
    assert_eq!(again.stage, Stage::Parked, "one try after a rest, not five");
    let (pressed, acts) = step(&again, &Event::Retry, now, 0.5);
    assert_eq!((pressed.on_probation, acts), (false, vec![Act::Look]));
}

#[test]
fn crashes_far_apart_are_no_loop_and_a_minute_of_service_forgets_them() {
    let mut upkeep = at(Stage::Off);
    for crashes in 0..10 {
        upkeep = crash(&upkeep, NOW.plus(WINDOW * crashes));
        assert_eq!(upkeep.stage, Stage::Resting);
    }
    let serving = Upkeep { stage: Stage::Serving { since: NOW, misses: 0 }, on_probation: true, ..upkeep };
    let (soon, _) = step(&serving, &Event::Answered, NOW.plus(SETTLED / 2), 0.5);
    assert!(soon.on_probation && soon.trouble.is_some());
    let (settled, _) = step(&serving, &Event::Answered, NOW.plus(SETTLED), 0.5);
    assert!(!settled.on_probation && settled.trouble.is_none() && settled.failures.is_empty());
}

#[test]
fn what_never_answers_is_ended_and_its_reason_is_kept() {
    let (starting, _) = step(&at(Stage::Making), &Event::Running, NOW, 0.5);
    assert_eq!(starting.due, Some(NOW.plus(STARTUP)));
    let (halting, acts) = step(&starting, &Event::Due, NOW.plus(STARTUP), 0.5);
    assert_eq!((&halting.stage, acts), (&Stage::Halting, vec![Act::Withdraw, Act::KeepLog, Act::Stop]));
    let ended = Event::Ended(Trouble::new(Fault::Crashed, "exit 137"));
    let (resting, _) = step(&halting, &ended, NOW, 0.5);
    assert_eq!((resting.stage.clone(), resting.fault()), (Stage::Resting, Some(Fault::NeverReady)));
}
