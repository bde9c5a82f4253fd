//! One thing that needs somebody, in words, with what to do.

use super::kind::{IssueKind, Repair, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub id: String,
    pub severity: Severity,
    pub what: String,
    pub next: String,
    /// What the box does about it when asked. `None`: only somebody else can help.
    #[serde(default)]
    pub repair: Option<Repair>,
}

impl Issue {
    pub fn new(kind: IssueKind, what: impl Into<String>) -> Self {
        Self {
            id: kind.id(),
            severity: kind.severity(),
            what: what.into(),
            next: kind.next().to_owned(),
            repair: kind.repair(),
        }
    }

    #[must_use]
    pub fn with_next(self, next: impl Into<String>) -> Self {
        Self { next: next.into(), ..self }
    }

    #[must_use]
    pub fn without_repair(self) -> Self {
        Self { repair: None, ..self }
    }
}

/// As paragraphs, for people at a terminal.
pub fn as_text(issues: &[Issue]) -> String {
    let paragraph = |issue: &Issue| {
        let mark = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let repair = issue
            .repair
            .map(|repair| format!("  or: whisperengine repair {}  ({})\n", issue.id, repair.promise()));
        format!("\n{mark}: {}\n  next: {}\n{}", issue.what, issue.next, repair.unwrap_or_default())
    };
    issues.iter().map(paragraph).collect()
}
