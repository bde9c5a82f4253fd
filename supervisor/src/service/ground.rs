//! What the flows stand on: the machine, the environment, whoever asks, and the tools.

use super::outcome::{Scope, ServiceError};
use super::runner::{Ran, Runner, Unanswered};
use crate::machine::source::{Environment, Machine};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub struct Ground<'a> {
    pub machine: &'a Machine,
    pub environment: &'a Environment,
    pub runner: &'a dyn Runner,
    /// Whoever runs this command, by number.
    pub user: u32,
}

impl Ground<'_> {
    /// Root installs for the machine, everybody else for themselves.
    pub fn scope(&self) -> Scope {
        if self.user == 0 { Scope::System } else { Scope::User }
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn home(&self) -> Result<&Path, ServiceError> {
        self.variable("HOME").map(Path::new).ok_or(ServiceError::NoHome)
    }

    /// A path of the whole machine, below the fixture's root in a test.
    pub fn system_path(&self, path: &str) -> PathBuf {
        self.machine.root.join(path.trim_start_matches('/'))
    }

    pub async fn ask(&self, command: &[&str], within: Duration) -> Result<Ran, Unanswered> {
        self.runner.run(command, within).await
    }

    /// Runs what must succeed; `next` is what to do where it does not.
    pub async fn must(&self, command: &[&str], within: Duration, next: &str) -> Result<Ran, ServiceError> {
        let ran = self.ask(command, within).await?;
        if ran.succeeded {
            return Ok(ran);
        }
        Err(ServiceError::Refused { command: command.join(" "), said: ran.said(), next: next.to_owned() })
    }
}
