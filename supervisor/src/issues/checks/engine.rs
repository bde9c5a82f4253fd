//! The engine, and what it leans on.

use super::super::issue::Issue;
use super::super::kind::{IssueKind, Severity};
use super::super::snapshot::{EngineSeen, Snapshot};
use engine_client::wire::status::PartStatus;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    match &snapshot.engine {
        EngineSeen::Up(status) => status.parts.iter().filter(|part| !part.ok).map(unreachable).collect(),
        EngineSeen::Down(reason) => {
            let what = format!("the engine does not answer: {reason}");
            vec![Issue::new(IssueKind::EngineUnreachable, what)]
        }
        EngineSeen::DoesNotStart(reason) => vec![Issue::new(IssueKind::EngineDoesNotStart, reason)],
        EngineSeen::Silent => Vec::new(),
    }
}

fn unreachable(part: &PartStatus) -> Issue {
    let kind = match part.name.as_str() {
        "store" => IssueKind::StoreUnreachable,
        "cache" => IssueKind::CacheUnreachable,
        _ => IssueKind::PartUnreachable,
    };
    let issue = Issue::new(kind, format!("{}: {}", part.name, part.detail));
    // What it cannot do without is the engine's to say.
    let severity = if part.needed { Severity::Error } else { issue.severity };
    Issue { severity, ..issue }
}
