//! What a box is good for: an owner, and a language model.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::Snapshot;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let issue = match &snapshot.setup {
        Some(setup) if !setup.has_owner => Issue::new(IssueKind::NoOwner, "the box has no owner yet"),
        Some(setup) if setup.connections == 0 => {
            let what = "no language model is connected; replies come from memory alone";
            Issue::new(IssueKind::NoModel, what)
        }
        Some(_) | None => return Vec::new(),
    };
    vec![issue]
}
