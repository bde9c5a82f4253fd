//! What is odd about the configuration and stops nothing.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::Snapshot;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let issue = |warning: &String| Issue::new(IssueKind::Configuration, warning);
    snapshot.warnings.iter().map(issue).collect()
}
