//! Whoever did not say how it is: what is not known is not called well.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::Snapshot;

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let issue = |who: &str, why: &str| Issue::new(IssueKind::Unanswered, format!("{who} was asked: {why}"));
    snapshot.silent.iter().map(|silence| issue(silence.who, &silence.why)).collect()
}
