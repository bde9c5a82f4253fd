//! Steps that an earlier start of the box began and nobody has settled since, though the container engine is there.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::Snapshot;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let Some(started_at) = snapshot.started_at.filter(|_| snapshot.containers.state.works()) else {
        return Vec::new();
    };
    let old = snapshot.left_open.iter().filter(|open| open.begun_at < started_at);
    let steps: Vec<_> = old.map(|open| format!("{} {}", open.step, open.subject)).collect();
    if steps.is_empty() {
        return Vec::new();
    }
    let what = format!("the box was cut off while it worked in the container engine: {}", steps.join(", "));
    vec![Issue::new(IssueKind::Leftovers, what)]
}
