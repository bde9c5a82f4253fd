//! Puts the writers together, once per process.

use super::rotating::Rotating;
use crate::config::areas::{Log, LogFormat};
use std::io::{self, IsTerminal};
use std::path::Path;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// What libraries say below a warning is about themselves.
const LIBRARIES: &[&str] =
    &["h2", "hyper", "hyper_util", "qdrant_client", "redis", "reqwest", "rustls", "sqlx", "tonic", "tower"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// As the configuration says: for a program that stays.
    Shown,
    /// Not at all: for a command whose answer is what people want to see.
    Quiet,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the logs in {folder} cannot be written: {source}")]
    Io { folder: String, source: io::Error },
    #[error("the log was started twice")]
    Twice,
}

/// `folder` is where the files go; none for a process that keeps no files.
pub fn start(config: &Log, folder: Option<&Path>, terminal: Terminal) -> Result<(), LogError> {
    let files = folder.map(|folder| files(config, folder)).transpose()?;
    let shown = (terminal == Terminal::Shown).then(|| match config.format {
        LogFormat::Text => {
            let colours = io::stdout().is_terminal();
            tracing_subscriber::fmt::layer()
                .with_ansi(colours)
                .with_target(false)
                .with_writer(io::stdout)
                .boxed()
        }
        LogFormat::Json => json(io::stdout),
    });
    tracing_subscriber::registry()
        .with(shown.map(|layer| layer.with_filter(worth_showing(config.level))))
        .with(files)
        .try_init()
        .map_err(|_| LogError::Twice)
}

fn files<S>(config: &Log, folder: &Path) -> Result<Vec<Box<dyn Layer<S> + Send + Sync>>, LogError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let open = |name: &str| {
        Rotating::open(folder.join(name), config.rotate_size, config.keep)
            .map_err(|source| LogError::Io { folder: folder.display().to_string(), source })
    };
    let app = json(open("app.log")?).with_filter(worth_showing(config.level));
    let durations = json(open("performance.log")?)
        .with_filter(filter_fn(has_duration))
        .with_filter(worth_showing(config.level));
    let errors = json(open("errors.log")?).with_filter(LevelFilter::WARN);
    Ok(vec![app.boxed(), durations.boxed(), errors.boxed()])
}

fn json<S, W>(writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true);
    layer.with_span_list(false).with_writer(writer).boxed()
}

fn worth_showing(level: Level) -> Targets {
    let quiet = LIBRARIES.iter().map(|library| (*library, LevelFilter::WARN));
    Targets::new().with_default(level).with_targets(quiet)
}

/// A line is about speed where it says how long something took.
fn has_duration(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
        && (metadata.target() == "performance" || metadata.fields().field("duration_ms").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_find_their_files() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let config = Log { level: Level::INFO, format: LogFormat::Text, rotate_size: 1 << 20, keep: 1 };
        let subscriber = tracing_subscriber::registry().with(files(&config, temp.path())?);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", request.id = "r-1");
            let _entered = span.enter();
            tracing::info!(duration_ms = 1.5, "answered a request");
            tracing::warn!("the cache is gone");
            tracing::info!("plain");
            tracing::debug!("too fine");
            tracing::info!(target: "sqlx::query", "a library about itself");
        });
        let read = |name: &str| std::fs::read_to_string(temp.path().join(name));
        let app = read("app.log")?;
        assert_eq!(app.lines().count(), 3, "{app}");
        let line: serde_json::Value = serde_json::from_str(app.lines().next().unwrap_or_default())?;
        assert_eq!(line["message"], "answered a request");
        assert_eq!((&line["level"], &line["duration_ms"]), (&"INFO".into(), &1.5.into()));
        assert_eq!(line["span"]["request.id"], "r-1");
        assert_eq!(read("performance.log")?.lines().count(), 1);
        let errors = read("errors.log")?;
        assert!(errors.lines().count() == 1 && errors.contains("the cache is gone"), "{errors}");
        Ok(())
    }
}
