//! `logs`: the newest lines of a log or of a service's container, and those that come.

use super::context::Context;
use crate::config::load::Config;
use crate::control::wire::{LineTold, LinesTold};
use crate::exit::Failure;
use crate::logs::line::readable;
use crate::logs::reading::newest;
use crate::logs::spoken::Listener;
use crate::services::name::ServiceName;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

const PACE: Duration = Duration::from_millis(250);
/// Each look asks the container engine.
const PACE_OF_CONTAINERS: Duration = Duration::from_secs(1);
const MOST_NEWS: usize = 1_000;

#[derive(Debug, Args)]
pub struct Logs {
    /// Which log, or whose lines.
    #[arg(value_name = "SERVICE", default_value = "app")]
    service: Service,
    /// Go on with lines as they come; Ctrl-C ends it.
    #[arg(long)]
    follow: bool,
    /// How many lines to begin with.
    #[arg(long, value_name = "N", default_value_t = 50)]
    lines: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Service {
    /// Everything the box wrote down.
    App,
    /// How long things took.
    Performance,
    /// Warnings and errors.
    Errors,
    /// What the database's container says.
    Postgres,
    /// What the cache's container says.
    Redis,
    /// What the companion's container says.
    Engine,
    /// What the container says that listens and speaks.
    Voice,
}

enum Source {
    File(&'static str),
    Container(ServiceName),
}

impl Service {
    fn source(self) -> Source {
        match self {
            Self::App => Source::File("app.log"),
            Self::Performance => Source::File("performance.log"),
            Self::Errors => Source::File("errors.log"),
            Self::Postgres => Source::Container(ServiceName::Postgres),
            Self::Redis => Source::Container(ServiceName::Redis),
            Self::Engine => Source::Container(ServiceName::Engine),
            Self::Voice => Source::Container(ServiceName::Voice),
        }
    }
}

pub async fn run(logs: Logs, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let json = context.global.json;
    let telling = async {
        match logs.service.source() {
            Source::File(file) => written(&config.data_dir.logs().join(file), &logs, json).await,
            Source::Container(service) => said(&config, service, &logs, json).await,
        }
    };
    if !logs.follow {
        return Ok(telling.await?);
    }
    // Listened to from the beginning on and for the whole time: nobody has to press twice.
    tokio::select! {
        told = telling => Ok(told?),
        ended = tokio::signal::ctrl_c() => Ok(ended.context("Ctrl-C cannot be listened to")?),
    }
}

async fn written(path: &Path, logs: &Logs, json: bool) -> anyhow::Result<()> {
    let (lines, mut follower) =
        newest(path, logs.lines).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut is_read = tell(&lines, json)?;
    let mut pace = tokio::time::interval(PACE);
    while logs.follow && is_read {
        pace.tick().await;
        is_read = tell(&follower.news().context("the log cannot be read")?, json)?;
    }
    Ok(())
}

async fn said(config: &Config, service: ServiceName, logs: &Logs, json: bool) -> anyhow::Result<()> {
    let mut listener = Listener::begin(config, service).await?;
    let first = listener.news(logs.lines).await?;
    if first.is_kept {
        eprintln!("the container engine could not be asked; these are the last lines that were kept");
    }
    let mut is_read = tell_said(&first, service, json)?;
    let mut pace = tokio::time::interval(PACE_OF_CONTAINERS);
    while logs.follow && is_read {
        pace.tick().await;
        is_read = tell_said(&listener.news(MOST_NEWS).await?, service, json)?;
    }
    Ok(())
}

/// `false` where nobody reads any more.
fn tell_said(told: &LinesTold, service: ServiceName, json: bool) -> anyhow::Result<bool> {
    let lines = told.lines.iter().map(|LineTold { at, text }| {
        if json {
            return json!({ "timestamp": at, "service": service, "message": text }).to_string();
        }
        // Whole seconds, and what is not known is left out.
        let at = at.split_once('.').map_or(String::new(), |(seconds, _)| format!("{seconds}Z "));
        format!("{at}{text}")
    });
    write(lines)
}

/// `false` where nobody reads any more.
fn tell(lines: &[String], json: bool) -> anyhow::Result<bool> {
    write(lines.iter().map(|line| if json { line.clone() } else { readable(line) }))
}

fn write(lines: impl Iterator<Item = String>) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    for line in lines {
        match writeln!(out, "{line}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
            written => written.context("the log could not be shown")?,
        }
    }
    out.flush().context("the log could not be shown")?;
    Ok(true)
}
