//! Work of the box's own that failed and was not done since.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::Snapshot;
use crate::services::name::ServiceName;
use crate::state::jobs::JobRow;
use engine::domain::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// What failed longer ago is history.
const MATTERS: Duration = Duration::from_secs(24 * 60 * 60);

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let mut told = BTreeSet::new();
    // The newest come first: of each kind of work only the last one counts.
    let last = snapshot.jobs.iter().filter(|job| told.insert((&job.kind, &job.subject)));
    let failed = last.filter(|job| job.outcome.as_deref() == Some("failed"));
    let recent =
        failed.filter(|job| job.ended_at.is_some_and(|at| snapshot.now.since(Timestamp(at)) < MATTERS));
    recent.filter(|job| !is_told_elsewhere(job, snapshot)).map(issue).collect()
}

/// Work for a service matters as long as the service does, which says itself how it is.
fn is_told_elsewhere(job: &JobRow, snapshot: &Snapshot) -> bool {
    let Some(service) = ServiceName::parse(&job.subject) else { return false };
    let view = snapshot.services.iter().find(|view| view.name == service);
    view.is_none_or(|view| view.trouble.is_some() || view.serving_since.is_some())
}

fn issue(job: &JobRow) -> Issue {
    let said = job.detail.as_deref().unwrap_or("nothing was said about why");
    Issue::new(IssueKind::JobFailed, format!("a job ({} of {}) failed: {said}", job.kind, job.subject))
}
