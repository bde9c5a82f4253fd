//! `migrate-store` beside a box that runs: the box moves its own Store, and this tells how far it is.
//!
//! At the end of a move the box starts again; the way to it is looked for anew each time.

use crate::config::load::Config;
use crate::control::wire::{MoveAsked, MoveBegun};
use crate::reach::{self, Reached};
use crate::state::choices::Home;
use crate::state::jobs::JobRow;
use anyhow::{Context as _, bail};
use engine_client::client::ClientError;
use engine_client::problem::ErrorCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

const PACE: Duration = Duration::from_millis(200);
/// For a box that starts again to answer.
const AWAY: Duration = Duration::from_secs(60);

/// Asks for the move and stays until it has ended; Ctrl-C stops it. `tell` hears each news of it.
pub async fn carry(
    config: &Config,
    running: Reached,
    to: Home,
    tell: impl Fn(&JobRow),
) -> anyhow::Result<JobRow> {
    // Listened to before anything is begun: whoever presses it in between is heard, too.
    let mut pressed = signal(SignalKind::interrupt()).context("Ctrl-C cannot be listened to")?;
    let begun: MoveBegun = running.client.post("/appliance/move-store", &MoveAsked { to }).await?;
    drop(running);
    let (mut seen, mut told) = (Instant::now(), None);
    loop {
        match look(config, &begun.job).await {
            Ok(job) if job.ended_at.is_some() => return outcome(job),
            Ok(job) => {
                seen = Instant::now();
                if told.as_ref() != Some(&job) {
                    tell(&job);
                    told = Some(job);
                }
            }
            Err(error) if seen.elapsed() > AWAY => {
                return Err(error).context("the box does not answer any more");
            }
            Err(error) => tracing::debug!(error = format!("{error:#}"), "the box is away"),
        }
        tokio::select! {
            () = tokio::time::sleep(PACE) => {}
            _ = pressed.recv() => stop(config, &begun.job).await?,
        }
    }
}

/// How the move then ended is told as any other end. One that ended in this very moment has.
async fn stop(config: &Config, job: &str) -> anyhow::Result<()> {
    let Some(running) = reach::running(config).await? else { return Ok(()) };
    let stopped: Result<(), ClientError> =
        running.client.post(&format!("/appliance/jobs/{job}/cancel"), &()).await;
    match stopped {
        Err(ClientError::Refused(problem)) if problem.code == ErrorCode::NotFound => Ok(()),
        stopped => Ok(stopped?),
    }
}

async fn look(config: &Config, id: &str) -> anyhow::Result<JobRow> {
    let Some(running) = reach::running(config).await? else { bail!("nobody answers the control socket") };
    let jobs: Vec<JobRow> = running.client.get("/appliance/jobs").await?;
    jobs.into_iter().find(|job| job.id == id).context("the box does not know of the move any more")
}

fn outcome(job: JobRow) -> anyhow::Result<JobRow> {
    match job.outcome.as_deref() {
        Some("done") => Ok(job),
        Some("interrupted") => {
            bail!("the move was cut off; everything is where it was")
        }
        Some("cancelled") => bail!("the move was stopped; everything is where it was"),
        _ => bail!(
            "nothing was moved; everything is where it was: {}",
            job.detail.as_deref().unwrap_or("nothing was said about why")
        ),
    }
}
