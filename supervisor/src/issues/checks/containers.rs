//! The container engine, where something is to run in a container. Elsewhere its state concerns nobody.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::Snapshot;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let is_known = snapshot.containers_wanted && !snapshot.is_still_looking();
    let wanted = is_known.then(|| IssueKind::of_containers(snapshot.containers.state));
    let what =
        || format!("containers are wanted, and the box cannot rely on them: {}", snapshot.containers.detail);
    wanted.flatten().map(|kind| Issue::new(kind, what())).into_iter().collect()
}
