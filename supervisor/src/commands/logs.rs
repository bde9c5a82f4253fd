//! `logs`: the newest lines of a log, and those that come.

use super::context::Context;
use crate::exit::Failure;
use crate::logs::line::readable;
use crate::logs::reading::{Follower, newest};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use std::io::{self, Write};
use std::time::Duration;

const PACE: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub struct Logs {
    /// Which log.
    #[arg(value_name = "SERVICE", default_value = "app")]
    service: Service,
    /// Go on with lines as they come; Ctrl-C ends it.
    #[arg(long)]
    follow: bool,
    /// How many lines to begin with.
    #[arg(long, value_name = "N", default_value_t = 50)]
    lines: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Service {
    /// Everything.
    App,
    /// How long things took.
    Performance,
    /// Warnings and errors.
    Errors,
}

impl Service {
    fn file(self) -> &'static str {
        match self {
            Self::App => "app.log",
            Self::Performance => "performance.log",
            Self::Errors => "errors.log",
        }
    }
}

pub async fn run(logs: Logs, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let path = config.data_dir.logs().join(logs.service.file());
    let (lines, follower) =
        newest(&path, logs.lines).with_context(|| format!("{} cannot be read", path.display()))?;
    let told = tell(&lines, context.global.json)?;
    if logs.follow && told {
        follow(follower, context.global.json).await?;
    }
    Ok(())
}

async fn follow(mut follower: Follower, json: bool) -> anyhow::Result<()> {
    let mut pace = tokio::time::interval(PACE);
    loop {
        tokio::select! {
            ended = tokio::signal::ctrl_c() => return ended.context("Ctrl-C cannot be listened to"),
            _ = pace.tick() => {}
        }
        let news = follower.news().context("the log cannot be read")?;
        if !tell(&news, json)? {
            return Ok(());
        }
    }
}

/// `false` where nobody reads any more.
fn tell(lines: &[String], json: bool) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    for line in lines {
        let written = if json { writeln!(out, "{line}") } else { writeln!(out, "{}", readable(line)) };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
            written => written.context("the log could not be shown")?,
        }
    }
    out.flush().context("the log could not be shown")?;
    Ok(true)
}
