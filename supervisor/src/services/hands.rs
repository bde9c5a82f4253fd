//! The hands of the keeper: each act of the table, carried out on a container engine, with its intent written down
//! before each call that changes something.

use super::fault::{Fault, Trouble};
use super::intents::{Intents, Unwritten};
use super::name::ServiceName;
use super::secrets::{self, Passwords};
use super::upkeep::Sight;
use crate::daemon::connection::Daemon;
use crate::daemon::containers::{Found, Life};
use crate::daemon::labels::{Card, Labels, TRIAL};
use crate::plan::planned::Planned;
use crate::plan::recipes::Shares;
use crate::state::journal::Step;
use crate::state::open::{State, StateError};
use engine::ports::clock::Clock;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// For one that hangs: it had its time.
const SHORT_GRACE: Duration = Duration::from_secs(2);
const LINES: usize = 50;
/// The box's own container, in the journal.
const OURSELVES: &str = "box";

pub struct Hands {
    pub state: State,
    pub clock: Arc<dyn Clock>,
    pub labels: Labels,
    pub passwords: Passwords,
    pub shares: Shares,
    /// Services are made side by side; what they share is made once.
    network: Mutex<()>,
}

impl Hands {
    pub fn new(state: State, clock: Arc<dyn Clock>, passwords: Passwords, shares: Shares) -> Self {
        let labels = Labels::new(state.box_id());
        Self { state, clock, labels, passwords, shares, network: Mutex::new(()) }
    }

    pub async fn look(&self, daemon: &Daemon, planned: &Planned) -> Result<(Sight, Option<Found>), Trouble> {
        let found = daemon.find(&self.labels.container(planned.service), planned.port, &self.labels).await?;
        let sight = match &found {
            None => Sight::Absent,
            Some(found) if found.plan != planned.fingerprint() => Sight::Outdated,
            // The box has moved into a container, out of it, or to another volume.
            Some(found) if !found.networks.contains(&daemon.network(&self.labels)) => Sight::Outdated,
            Some(found) if daemon.own.is_some() && !sees(daemon, planned, found)? => Sight::Outdated,
            // It was made, and then not let out: the box or the engine was cut off in between.
            Some(found) if planned.reaches_out && !found.networks.contains(&self.labels.way_out()) => {
                Sight::Outdated
            }
            Some(Found { life: Life::Runs, .. }) => Sight::Runs,
            Some(_) => Sight::Idle,
        };
        if sight == Sight::Runs {
            self.join(daemon).await?;
        }
        Ok((sight, found))
    }

    /// A box that is in a container itself reaches its services only from their network.
    pub async fn join(&self, daemon: &Daemon) -> Result<(), Trouble> {
        let _alone = self.network.lock().await;
        self.join_alone(daemon).await
    }

    async fn join_alone(&self, daemon: &Daemon) -> Result<(), Trouble> {
        if daemon.is_to_join(&self.labels).await? {
            self.intend(Step::Join, OURSELVES, daemon.join(&self.labels)).await?;
        }
        Ok(())
    }

    /// In the place of whatever is there of this service.
    pub async fn make(&self, daemon: &Daemon, planned: &Planned, image: &str) -> Result<Found, Trouble> {
        self.prepare(daemon, planned).await?;
        let name = self.labels.container(planned.service);
        let before = daemon.find(&name, planned.port, &self.labels).await?;
        self.remove(daemon, planned).await?;
        let port = before.and_then(|before| before.address).map(|address| address.port());
        let mut card = Card::None;
        if planned.graphics && daemon.graphics.is_some() {
            match self.make_with(&Card::Given, daemon, planned, image, port).await {
                Err(trouble) if trouble.fault == Fault::GraphicsRefused => {
                    let (service, said) = (planned.service, &trouble.detail);
                    tracing::warn!(
                        service.name = service.as_str(),
                        error = said,
                        "{service} {}",
                        trouble.fault.what()
                    );
                    self.remove(daemon, planned).await?;
                    card = Card::Refused(trouble.detail);
                }
                made => return made,
            }
        }
        self.make_with(&card, daemon, planned, image, port).await
    }

    async fn make_with(
        &self,
        card: &Card,
        daemon: &Daemon,
        planned: &Planned,
        image: &str,
        port: Option<u16>,
    ) -> Result<Found, Trouble> {
        let (name, port) = (self.labels.container(planned.service), free_port(port)?);
        let created = Box::pin(daemon.create(planned, image, port, &self.labels, card));
        let id = self.intend(Step::Create, &name, created).await?;
        if planned.reaches_out {
            self.intend(Step::Join, &name, daemon.let_out(&id, &self.labels)).await?;
        }
        let made = self.set_going(daemon, planned, &id).await;
        made.map_err(|trouble| {
            // Nobody asked for a card: the engine itself wants one for everything.
            let is_unasked = trouble.fault == Fault::GraphicsRefused && *card != Card::Given;
            if is_unasked { Trouble { fault: Fault::Refused, ..trouble } } else { trouble }
        })
    }

    /// The one that is there.
    pub async fn start(&self, daemon: &Daemon, planned: &Planned, id: &str) -> Result<Found, Trouble> {
        self.prepare(daemon, planned).await?;
        self.set_going(daemon, planned, id).await
    }

    /// One that hangs.
    pub async fn halt(&self, daemon: &Daemon, service: ServiceName, id: &str) -> Result<(), Trouble> {
        self.intend(Step::Stop, &self.labels.container(service), daemon.stop(id, SHORT_GRACE)).await
    }

    /// In order, with its own grace, at most so long.
    pub async fn stop(
        &self,
        daemon: &Daemon,
        service: ServiceName,
        id: &str,
        grace: Duration,
    ) -> Result<(), Trouble> {
        self.intend(Step::Stop, &self.labels.container(service), daemon.stop(id, grace)).await
    }

    /// All of a service, whatever they are called by now: two of them would share one volume.
    pub async fn remove(&self, daemon: &Daemon, planned: &Planned) -> Result<(), Trouble> {
        let name = self.labels.container(planned.service);
        let grace = Duration::from_secs(u64::from(planned.grace_seconds));
        let ours = daemon.ours(&self.labels).await?.into_iter();
        for (id, _) in ours.filter(|(_, service)| *service == Some(planned.service)) {
            self.intend(Step::Stop, &name, daemon.stop(&id, grace)).await?;
            self.intend(Step::Remove, &name, daemon.remove(&id)).await?;
        }
        Ok(())
    }

    pub async fn last_lines(&self, daemon: &Daemon, id: &str) -> Result<Vec<String>, Trouble> {
        daemon.last_lines(id, LINES).await
    }

    /// Whether an image runs here at all: what its program says of its version.
    pub async fn try_out(&self, daemon: &Daemon, image: &str) -> Result<Vec<String>, Trouble> {
        let id = self.intend(Step::Create, TRIAL, daemon.create_trial(image, &self.labels)).await?;
        let run = async {
            self.intend(Step::Start, TRIAL, daemon.start(&id)).await?;
            let code = daemon.outcome(&id).await?;
            let lines = daemon.last_lines(&id, LINES).await?;
            if code == 0 { Ok(lines) } else { Err(Trouble::new(Fault::BuildFailed, lines.join(" "))) }
        };
        let said = run.await;
        self.intend(Step::Remove, TRIAL, daemon.remove(&id)).await?;
        said
    }

    /// Removes containers of this box that no plan has, and closes what a crash left open in the journal: whatever
    /// those steps did or did not do is seen by looking.
    pub async fn tidy(&self, daemon: &Daemon, wanted: &[ServiceName]) -> Result<(), Trouble> {
        for (id, service) in daemon.ours(&self.labels).await? {
            if service.is_some_and(|service| wanted.contains(&service)) {
                continue;
            }
            tracing::info!(container.id = %id, "a container that no plan has is removed");
            self.intend(Step::Remove, &id, daemon.remove(&id)).await?;
        }
        let open = self.state.open_intents().await.map_err(|error| unwritten(&error))?;
        // What this very process is at is not settled by it.
        for left in open.into_iter().filter(|open| self.state.is_left_over(open)) {
            tracing::info!(step.name = left.step, "a step that was cut off is settled: {}", left.subject);
            let now = self.clock.now();
            self.state.end(left.intent, "interrupted", now).await.map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }

    async fn prepare(&self, daemon: &Daemon, planned: &Planned) -> Result<(), Trouble> {
        let written = secrets::write(&planned.secrets, planned.service, &self.passwords, self.shares);
        written.map_err(|error| {
            Trouble::new(on_disk(&error), format!("its secrets cannot be written: {error}"))
        })?;
        if let Some(models) = &planned.models {
            // An engine would make it as root.
            std::fs::create_dir_all(models).map_err(|error| {
                Trouble::new(on_disk(&error), format!("there is no place for models: {error}"))
            })?;
        }
        self.prepare_networks(daemon, planned.reaches_out).await?;
        if planned.keeps.is_some() {
            self.prepare_volume(daemon, planned.service).await?;
        }
        Ok(())
    }

    /// Made once. One that was there and is gone is not made again unasked.
    async fn prepare_volume(&self, daemon: &Daemon, service: ServiceName) -> Result<(), Trouble> {
        let name = self.labels.volume(service);
        let had = self.state.had_volume(service).await.map_err(|error| unwritten(&error))?;
        match (daemon.has_volume(service, &self.labels).await?, had) {
            (true, true) => return Ok(()),
            (false, true) => {
                return Err(Trouble::new(Fault::VolumeGone, format!("there is no volume {name}")));
            }
            (true, false) => {}
            (false, false) => {
                self.intend(Step::MakeVolume, &name, daemon.make_volume(service, &self.labels)).await?;
            }
        }
        let now = self.clock.now();
        self.state.remember_volume(service, now).await.map_err(|error| unwritten(&error))
    }

    async fn prepare_networks(&self, daemon: &Daemon, reaches_out: bool) -> Result<(), Trouble> {
        let _alone = self.network.lock().await;
        let inner = daemon.network(&self.labels);
        if !self.has_one_network(daemon, &inner).await? {
            self.intend(Step::MakeNetwork, &inner, daemon.make_network(&self.labels)).await?;
        }
        self.join_alone(daemon).await?;
        let outer = self.labels.way_out();
        if reaches_out && !self.has_one_network(daemon, &outer).await? {
            self.intend(Step::MakeNetwork, &outer, daemon.make_way_out(&self.labels)).await?;
        }
        Ok(())
    }

    async fn has_one_network(&self, daemon: &Daemon, name: &str) -> Result<bool, Trouble> {
        let there = daemon.networks(name, &self.labels).await?;
        for surplus in there.iter().skip(1) {
            self.intend(Step::RemoveNetwork, name, daemon.remove_network(surplus)).await?;
        }
        Ok(!there.is_empty())
    }

    async fn set_going(&self, daemon: &Daemon, planned: &Planned, id: &str) -> Result<Found, Trouble> {
        let name = self.labels.container(planned.service);
        if let Err(trouble) = self.intend(Step::Start, &name, daemon.start(id)).await {
            // Its port, its network and its card are part of it: the next one takes others.
            if matches!(trouble.fault, Fault::PortTaken | Fault::Removed | Fault::GraphicsRefused) {
                self.intend(Step::Remove, &name, daemon.remove(id)).await?;
            }
            return Err(trouble);
        }
        let found = daemon.find(id, planned.port, &self.labels).await?;
        found.ok_or_else(|| Trouble::new(Fault::Removed, "it was removed while it started"))
    }

    /// Writes down what is about to be done, does it, writes down what came of it. What cannot be written is not done.
    pub async fn intend<T>(
        &self,
        step: Step,
        subject: &str,
        call: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let intents = Intents { state: &self.state, clock: &*self.clock, unwritten: Unwritten::IsNotMade };
        intents.intend(step, subject, call).await
    }
}

/// Whether it has the folders that the plan has, by the machine's own names for them.
fn sees(daemon: &Daemon, planned: &Planned, found: &Found) -> Result<bool, Trouble> {
    let models = planned.models.as_ref().map(|models| daemon.outside(models)).transpose()?;
    Ok(found.secrets == Some(daemon.outside(&planned.secrets)?) && found.models == models)
}

/// What the box cannot write down it does not do.
pub fn unwritten(error: &StateError) -> Trouble {
    let said = format!("the box's own records cannot be written: {error}");
    Trouble::new(Fault::DiskFull, said)
}

fn on_disk(error: &std::io::Error) -> Fault {
    if error.kind() == std::io::ErrorKind::StorageFull { Fault::DiskFull } else { Fault::Refused }
}

/// The one it had, where nobody has taken it, else another.
fn free_port(before: Option<u16>) -> Result<u16, Trouble> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|bound| bound.local_addr());
    let bound = before.map_or_else(|| bind(0), |port| bind(port).or_else(|_| bind(0)));
    let bound = bound.map_err(|error| Trouble::new(Fault::PortTaken, format!("no port is free: {error}")))?;
    Ok(bound.port())
}
