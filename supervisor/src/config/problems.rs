//! Everything that is wrong with the configuration, told at once.

use serde::Serialize;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The setting as `settings.toml` names it.
    pub key: String,
    /// Where the bad value stands: a line, a variable or a flag.
    pub source: String,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.source, self.message)
    }
}

/// At least one problem; nothing was bound or started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("the configuration has {} problem(s)", problems.len())]
pub struct BadConfiguration {
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
}
