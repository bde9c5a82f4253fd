//! How the tools of a service manager are called: one command, its output, a time limit.

use futures::FutureExt;
use futures::future::BoxFuture;
use std::process::Stdio;
use std::time::Duration;

/// Long enough for a manager on a busy machine to answer.
pub const ANSWER: Duration = Duration::from_secs(15);
/// Starting and stopping wait for the box, which is given 20 s to stop and may be on a slow disk.
pub const START_OR_STOP: Duration = Duration::from_secs(60);

/// How a command ended. Failure of the command is an answer, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub succeeded: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Why it failed, in the tool's own words, on one line.
    pub fn said(&self) -> String {
        let text = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() { "it gave no reason".to_owned() } else { lines.join(" ") }
    }
}

/// No answer at all.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("`{command}` could not be run: {source}")]
    NotRun { command: String, source: std::io::Error },
    #[error("`{command}` did not end within {} s; look at the service manager, then run this again", within.as_secs())]
    TooSlow { command: String, within: Duration },
}

pub trait Runner: Send + Sync {
    /// The first word is the program. What does not end in time is killed.
    fn run<'a>(&'a self, command: &'a [&'a str], within: Duration) -> BoxFuture<'a, Result<Ran, Unanswered>>;
}

/// The real thing.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// Given to every tool besides our own environment.
    pub environment: Vec<(String, String)>,
}

impl Runner for Tools {
    fn run<'a>(&'a self, command: &'a [&'a str], within: Duration) -> BoxFuture<'a, Result<Ran, Unanswered>> {
        async move {
            let (program, arguments) = command.split_first().expect("a command has a program");
            let mut tool = tokio::process::Command::new(program);
            tool.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
            // Their words are read by us, not by people.
            tool.env("LC_ALL", "C").envs(self.environment.iter().map(|(name, value)| (name, value)));
            match tokio::time::timeout(within, tool.output()).await {
                Ok(Ok(output)) => Ok(Ran {
                    succeeded: output.status.success(),
                    stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                    stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
                }),
                Ok(Err(source)) => Err(Unanswered::NotRun { command: command.join(" "), source }),
                Err(_) => Err(Unanswered::TooSlow { command: command.join(" "), within }),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tool_that_hangs_is_killed_and_named() {
        let slow = Tools::default().run(&["sleep", "60"], Duration::from_millis(50)).await;
        let told = slow.expect_err("it hangs").to_string();
        assert!(told.starts_with("`sleep 60` did not end"), "{told}");
    }

    #[tokio::test]
    async fn a_tool_that_is_not_there_is_named() {
        let missing = Tools::default().run(&["no-such-tool-anywhere"], ANSWER).await;
        assert!(matches!(missing, Err(Unanswered::NotRun { .. })));
    }

    #[tokio::test]
    async fn a_failure_is_told_in_the_tools_own_words() -> anyhow::Result<()> {
        let ran = Tools::default().run(&["sh", "-c", "echo told >&2; exit 3"], ANSWER).await?;
        assert!(!ran.succeeded);
        assert_eq!(ran.said(), "told");
        Ok(())
    }
}
