//! What a service in a container said, for a command: told by the box that runs, else by the container engine itself.

use crate::appliance::written::piece;
use crate::config::load::Config;
use crate::control::wire::{LinesAsked, LinesTold};
use crate::daemon::connection::Daemon;
use crate::daemon::labels::Labels;
use crate::daemon::line;
use crate::reach::{self, Reached};
use crate::services::name::ServiceName;
use crate::state::open::State;
use anyhow::{Context as _, bail};
use std::time::Duration;
use web::ports::system::LogWish;

const LOOK: Duration = Duration::from_secs(5);
const READING: Duration = Duration::from_secs(5);
/// Of which those behind a place are looked for.
const WINDOW: usize = 2_000;

/// Where lines of one service come from, and how far they were read.
pub struct Listener {
    service: ServiceName,
    from: From,
    place: Option<String>,
}

enum From {
    Running(Box<Reached>),
    Engine { daemon: Box<Daemon>, labels: Labels },
}

impl Listener {
    pub async fn begin(config: &Config, service: ServiceName) -> anyhow::Result<Self> {
        let from = match reach::running(config).await? {
            Some(reached) => From::Running(Box::new(reached)),
            None => engine(config).await?,
        };
        Ok(Self { service, from, place: None })
    }

    /// The newest lines at first, then those behind the last one.
    pub async fn news(&mut self, most: usize) -> anyhow::Result<LinesTold> {
        let after = self.place.clone();
        let told = match &self.from {
            From::Running(reached) => {
                let path = format!("/appliance/services/{}/lines", self.service);
                let told = reached.client.post::<LinesTold>(&path, &LinesAsked { after, most }).await;
                told.with_context(|| format!("{} says nothing", self.service))?
            }
            From::Engine { daemon, labels } => {
                let said = daemon.said(self.service, labels, WINDOW, READING).await?;
                let said = said.with_context(|| format!("{} has no container", self.service))?;
                piece(&said, &LogWish { after, most, ..LogWish::default() }).into()
            }
        };
        if told.place.is_some() {
            self.place.clone_from(&told.place);
        }
        Ok(told)
    }
}

async fn engine(config: &Config) -> anyhow::Result<From> {
    let records = config.data_dir.appliance_database();
    if !records.exists() {
        bail!("no box has run here yet, so there is nothing that services said");
    }
    let state = State::open(&records).await?;
    let labels = Labels::new(state.box_id());
    state.close().await;
    let daemon = line::once(&config.containers, LOOK).await;
    let daemon = daemon.context("no box runs here, and no container engine can be asked")?;
    Ok(From::Engine { daemon: Box::new(daemon), labels })
}
