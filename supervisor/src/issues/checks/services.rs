//! Services in containers that do not serve, each with the last reason. One that serves again is no issue, though
//! its trouble is remembered for a while.

use super::super::issue::Issue;
use super::super::kind::{IssueKind, Repair};
use super::super::snapshot::Snapshot;
use crate::services::view::ServiceView;
use engine::domain::time::Timestamp;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    snapshot.services.iter().filter_map(|view| of(view, snapshot.now)).collect()
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
