//! How the program ends: its exit codes, and what it says when something went wrong.

use crate::config::problems::BadConfiguration;
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Exit code 1.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
    /// Exit code 64, with all problems, before anything is bound or started.
    #[error(transparent)]
    BadConfiguration(#[from] BadConfiguration),
}

impl Failure {
    pub fn code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::BadConfiguration(_) => ExitCode::from(64),
        }
    }

    /// Tells people on standard error, programs on standard output.
    pub fn tell(&self, json: bool) {
        let told = if json { self.tell_program() } else { self.tell_person() };
        // Nobody is left to hear that nobody listens; the exit code still says it.
        drop(told);
    }

    fn tell_program(&self) -> io::Result<()> {
        let body = match self {
            Self::Failed(error) => json!({ "error": "failed", "message": format!("{error:#}") }),
            Self::BadConfiguration(bad) => {
                json!({ "error": "bad_configuration", "problems": bad.problems, "warnings": bad.warnings })
            }
        };
        writeln!(io::stdout(), "{body:#}")
    }

    fn tell_person(&self) -> io::Result<()> {
        let mut out = io::stderr().lock();
        match self {
            Self::Failed(error) => writeln!(out, "error: {error:#}"),
            Self::BadConfiguration(bad) => {
                writeln!(out, "{bad}; nothing was started:")?;
                for problem in &bad.problems {
                    writeln!(out, "  {problem}")?;
                }
                for warning in &bad.warnings {
                    writeln!(out, "  warning: {warning}")?;
                }
                Ok(())
            }
        }
    }
}
