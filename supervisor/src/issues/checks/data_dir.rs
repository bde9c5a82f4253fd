//! Whether the data directory is there, and closed to others.

use super::super::issue::Issue;
use super::super::kind::IssueKind;
use super::super::snapshot::{Directory, Snapshot};

pub fn check(snapshot: &Snapshot) -> Vec<Issue> {
    let root = snapshot.root.display();
    let issue = match &snapshot.directory {
        Some(Directory::Open) => {
            let what = format!("{root} is open to other users of this machine");
            Issue::new(IssueKind::DataDirOpen, what).with_next(format!("chmod 700 {root}"))
        }
        Some(Directory::Unreadable(error)) => {
            Issue::new(IssueKind::DataDirUnreadable, format!("{root} cannot be looked at: {error}"))
        }
        Some(Directory::Closed) | None => return Vec::new(),
    };
    vec![issue]
}
