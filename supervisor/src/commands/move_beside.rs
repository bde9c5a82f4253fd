//! `migrate-store` beside a box that runs: the box moves its own Store, and this tells how far it is.
//!
//! At the end of a move the box starts again; the way to it is looked for anew each time.

use crate::config::load::Config;
use crate::control::wire::MoveAsked;
use crate::reach::{self, Reached};
use crate::state::choices::Home;
use crate::state::jobs::JobRow;
use anyhow::{Context as _, bail};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

const KIND: &str = crate::appliance::moving::KIND;
const PACE: Duration = Duration::from_millis(200);
/// For a box that starts again to answer.
const AWAY: Duration = Duration::from_secs(60);

/// Asks for the move and stays until it has ended. `tell` hears each news of it.
pub async fn carry(
    config: &Config,
    running: Reached,
    to: Home,
    tell: impl Fn(&JobRow),
) -> anyhow::Result<JobRow> {
    let before: BTreeSet<String> = moves(&running).await?.into_iter().map(|job| job.id).collect();
    running.client.post::<()>("/appliance/move-store", &MoveAsked { to }).await?;
    drop(running);
    let (asked, mut seen, mut told) = (Instant::now(), Instant::now(), None);
    loop {
        match look(config, &before).await {
            Ok(Some(job)) if job.ended_at.is_some() => return outcome(job),
            Ok(None) if told.is_none() && asked.elapsed() > AWAY => {
                bail!("the box did not begin; its log says why")
            }
            Ok(found) => {
                seen = Instant::now();
                if let Some(job) = found.filter(|job| told.as_ref() != Some(job)) {
                    tell(&job);
                    told = Some(job);
                }
            }
            Err(error) if seen.elapsed() > AWAY => {
                return Err(error).context("the box does not answer any more");
            }
            Err(error) => tracing::debug!(error = format!("{error:#}"), "the box is away"),
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn look(config: &Config, before: &BTreeSet<String>) -> anyhow::Result<Option<JobRow>> {
    let Some(running) = reach::running(config).await? else { bail!("nobody answers the control socket") };
    Ok(moves(&running).await?.into_iter().find(|job| !before.contains(&job.id)))
}

async fn moves(running: &Reached) -> anyhow::Result<Vec<JobRow>> {
    let jobs: Vec<JobRow> = running.client.get("/appliance/jobs").await?;
    Ok(jobs.into_iter().filter(|job| job.kind == KIND).collect())
}

fn outcome(job: JobRow) -> anyhow::Result<JobRow> {
    match job.outcome.as_deref() {
        Some("done") => Ok(job),
        Some("interrupted") => {
            bail!("the move was cut off; `whisperengine config show` says where everything is")
        }
        Some("cancelled") => bail!("the move was stopped; everything is where it was"),
        _ => bail!(
            "nothing was moved; everything is where it was: {}",
            job.detail.as_deref().unwrap_or("nothing was said about why")
        ),
    }
}
