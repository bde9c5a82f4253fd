//! Services in containers that do not serve, each with the last reason, or for none that is known. One that serves again is no issue, though
//! its trouble is remembered for a while.

use super::super::issue::Issue;
use super::super::kind::{IssueKind, Repair};
use super::super::snapshot::Snapshot;
use crate::services::fault::Fault;
use crate::services::view::{NoCard, ServiceView};
use engine::domain::time::Timestamp;
use std::time::Duration;

/// A service that waits is no news before the box has had time to begin.
const BEGINNING: Duration = Duration::from_secs(10);

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let of = |view| of(view, snapshot.now).or_else(|| waits(view, snapshot)).or_else(|| without_card(view));
    snapshot.services.iter().filter_map(of).collect()
}

/// For no reason: the container engine is called well, and what it needs serves.
fn waits(view: &ServiceView, snapshot: &Snapshot) -> Option<Issue> {
    let has_begun = snapshot.started_at.is_some_and(|at| snapshot.now.since(at) >= BEGINNING);
    let serves = |need| snapshot.services.iter().any(|other| other.name == need && is_well(other));
    let is_stuck = view.stage == "waiting" && has_begun && snapshot.containers.state.works();
    let is_stuck = is_stuck && view.name.needs().iter().copied().all(serves);
    let name = view.name;
    let what = format!("{name} waits, though the container engine answers: it cannot be used as it is");
    is_stuck.then(|| Issue::new(IssueKind::Waits(name), what))
}

/// It serves, on the processor.
fn without_card(view: &ServiceView) -> Option<Issue> {
    let (name, fault) = (view.name, Fault::GraphicsRefused);
    let why = match view.lacks_card.as_ref()? {
        NoCard::Refused(said) => format!("the container engine would not hand it over ({said})"),
        NoCard::CameLater => {
            "its container was made when the container engine had none to hand over".to_owned()
        }
    };
    Some(Issue::new(IssueKind::Service(name, fault), format!("{name} {}: {why}", fault.what())))
}

fn of(view: &ServiceView, now: Timestamp) -> Option<Issue> {
    let trouble = view.trouble.as_ref().filter(|_| !is_well(view))?;
    let (name, fault) = (view.name, trouble.fault);
    let said = if trouble.detail.is_empty() { String::new() } else { format!(" ({})", trouble.detail) };
    let what = format!("{name} {}{said}{}", fault.what(), next_try(view, now));
    let issue = Issue::new(IssueKind::Service(name, fault), what);
    // What its reference pins is not ours to give up: another image has to be named.
    let is_pinned = view.image.contains('@') && issue.repair == Some(Repair::TrustImage);
    Some(if is_pinned { issue.without_repair() } else { issue })
}

fn is_well(view: &ServiceView) -> bool {
    matches!(view.stage, "serving" | "unwatched" | "leaving")
}

fn next_try(view: &ServiceView, now: Timestamp) -> String {
    let Some(at) = view.next_try else { return String::new() };
    let seconds = at.since(now).as_secs();
    let rests = match view.stage {
        "parked" => "; it rests",
        "resting" => "; it is tried again by itself",
        _ => return String::new(),
    };
    match seconds {
        0..60 => format!("{rests}, for less than a minute"),
        _ => format!("{rests}, for about {} minutes", seconds.div_ceil(60)),
    }
}
