//! The keeper's desk: work handed out to tasks, and notes of what came of it.

use super::fault::{Fault, Trouble};
use super::hands::Hands;
use super::name::ServiceName;
use super::probe::probe;
use super::upkeep::{Act, Event, Sight};
use crate::daemon::connection::Daemon;
use crate::daemon::containers::Found;
use crate::images::fetch::Fetcher;
use crate::plan::planned::{ImageWish, Planned};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Between two questions to one that starts, and to one that serves.
const SOON: Duration = Duration::from_millis(200);
const CALM: Duration = Duration::from_secs(3);

/// What comes back to the keeper.
#[derive(Debug)]
pub enum Note {
    /// Something came of an act; `found` says where the service stands since.
    Came {
        name: ServiceName,
        turn: u64,
        event: Event,
        found: Option<Option<Found>>,
    },
    Image {
        name: ServiceName,
        turn: u64,
        id: String,
    },
    Lines {
        name: ServiceName,
        lines: Vec<String>,
    },
    /// The engine told of something, or the line to it broke: look at it, or at all.
    Stirs(Option<ServiceName>),
    /// How the container of that id is.
    Seen {
        name: ServiceName,
        id: String,
        found: Option<Found>,
    },
}

/// The acts of one turn.
pub struct Work {
    pub name: ServiceName,
    pub turn: u64,
    pub acts: Vec<Act>,
    pub planned: Planned,
    pub image: Option<String>,
    pub found: Option<Found>,
    pub daemon: Option<Daemon>,
    pub stop: CancellationToken,
    /// It serves: it is asked calmly.
    pub is_settled: bool,
}

pub struct Desk {
    pub hands: Hands,
    fetcher: Fetcher,
    notes: mpsc::UnboundedSender<Note>,
    /// Acts of one service never overlap, whatever turn they are of.
    lines: BTreeMap<ServiceName, Mutex<()>>,
}

impl Desk {
    pub fn new(hands: Hands, fetcher: Fetcher) -> (Arc<Self>, mpsc::UnboundedReceiver<Note>) {
        let (notes, read) = mpsc::unbounded_channel();
        let lines = ServiceName::ALL.into_iter().map(|name| (name, Mutex::new(()))).collect();
        (Arc::new(Self { hands, fetcher, notes, lines }), read)
    }

    pub fn work(self: &Arc<Self>, work: Work, tasks: &TaskTracker) {
        let desk = Arc::clone(self);
        tasks.spawn(async move {
            let _line = desk.lines[&work.name].lock().await;
            for act in &work.acts {
                // A turn that is over does nothing more; what it began is finished.
                if work.stop.is_cancelled() {
                    return;
                }
                desk.act(*act, &work).await;
            }
        });
    }

    async fn act(&self, act: Act, work: &Work) {
        let Work { name, turn, planned, .. } = work;
        let (name, turn) = (*name, *turn);
        let came = |event, found| self.tell(Note::Came { name, turn, event, found });
        if act == Act::Probe {
            let event = self.probe(work).await;
            if let Some(event) = event {
                came(event, None);
            }
            return;
        }
        if matches!(act, Act::Announce | Act::Withdraw) {
            return;
        }
        let Some(daemon) = &work.daemon else {
            return came(
                Event::Failed(Trouble::new(Fault::EngineGone, "no container engine is there")),
                None,
            );
        };
        let id = work.found.as_ref().map(|found| found.id.as_str());
        match act {
            Act::Look => match self.look(daemon, planned).await {
                Ok((sight, found)) => came(Event::Found(sight), Some(found)),
                Err(trouble) => came(Event::Failed(trouble), None),
            },
            Act::Fetch => {
                match self.fetcher.fetch(&self.hands, daemon, name, &planned.image, &work.stop).await {
                    Ok(id) => self.tell(Note::Image { name, turn, id }),
                    Err(trouble) => came(Event::Failed(trouble), None),
                }
            }
            Act::Make => {
                match self.hands.make(daemon, planned, work.image.as_deref().unwrap_or_default()).await {
                    Ok(found) => came(Event::Running, Some(Some(found))),
                    Err(trouble) => came(Event::Failed(trouble), None),
                }
            }
            Act::Start => match self.hands.start(daemon, planned, id.unwrap_or_default()).await {
                Ok(found) => came(Event::Running, Some(Some(found))),
                Err(trouble) => came(Event::Failed(trouble), None),
            },
            Act::Stop => match self.hands.halt(daemon, name, id.unwrap_or_default()).await {
                Ok(()) => came(Event::Stopped, None),
                Err(trouble) => came(Event::Failed(trouble), None),
            },
            Act::Remove => match self.hands.remove(daemon, planned).await {
                Ok(()) => came(Event::Removed, Some(None)),
                Err(trouble) => came(Event::Failed(trouble), None),
            },
            Act::KeepLog => {
                if let Some(id) = id {
                    self.keep_log(daemon, name, id).await;
                }
            }
            Act::Probe | Act::Announce | Act::Withdraw => {}
        }
    }

    /// A container of the box's own image is right only if that is the image of this very program.
    async fn look(&self, daemon: &Daemon, planned: &Planned) -> Result<(Sight, Option<Found>), Trouble> {
        let (sight, found) = self.hands.look(daemon, planned).await?;
        let Some(there) = found.as_ref().filter(|_| planned.image == ImageWish::Own) else {
            return Ok((sight, found));
        };
        let is_ours = self.fetcher.is_own(&self.hands, daemon, &there.image_id).await?;
        Ok((if is_ours { sight } else { Sight::Outdated }, found))
    }

    async fn keep_log(&self, daemon: &Daemon, name: ServiceName, id: &str) {
        match self.hands.last_lines(daemon, id).await {
            Ok(lines) => self.tell(Note::Lines { name, lines }),
            // What it said may be gone with it; why it failed is known without.
            Err(trouble) => tracing::debug!(error = %trouble, "its last lines cannot be read"),
        }
    }

    async fn probe(&self, work: &Work) -> Option<Event> {
        let pause = if work.is_settled { CALM } else { SOON };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = work.stop.cancelled() => return None,
        }
        let Some(address) = work.found.as_ref().and_then(|found| found.address) else {
            return Some(Event::Silent);
        };
        let password = self.hands.passwords.of(work.name);
        match probe(work.planned.probe, address, &password).await {
            Ok(()) => Some(Event::Answered),
            Err(reason) => {
                tracing::debug!(service.name = work.name.as_str(), error = reason, "it does not answer yet");
                // Somebody may have taken the box out of its services' network.
                if let Some(daemon) = &work.daemon
                    && let Err(trouble) = self.hands.join(daemon).await
                {
                    tracing::debug!(error = %trouble, "the box could not join its services");
                }
                Some(Event::Silent)
            }
        }
    }

    /// Once the engine is there: what no plan has goes, and the journal is settled.
    /// Whoever wants to know is told how it went.
    pub fn tidy(
        self: &Arc<Self>,
        daemon: Daemon,
        wanted: Vec<ServiceName>,
        done: Option<oneshot::Sender<Result<(), Trouble>>>,
        tasks: &TaskTracker,
    ) {
        let desk = Arc::clone(self);
        tasks.spawn(async move {
            let tidied = desk.hands.tidy(&daemon, &wanted).await;
            if let Err(trouble) = &tidied {
                tracing::warn!(error = %trouble, "the container engine could not be tidied");
            }
            if let Some(done) = done {
                // Whoever asked may have left.
                let _ = done.send(tidied);
            }
        });
    }

    /// As long as this engine tells news. When it stops, everything is looked at; whether the engine is gone is not for
    /// this line to say.
    pub fn listen(self: &Arc<Self>, daemon: Daemon, until: CancellationToken, tasks: &TaskTracker) {
        let desk = Arc::clone(self);
        tasks.spawn(async move {
            let listening = async {
                loop {
                    let mut news = daemon.news(&desk.hands.labels);
                    while let Some(service) = news.next().await {
                        desk.tell(Note::Stirs(Some(service)));
                    }
                    desk.tell(Note::Stirs(None));
                    tokio::time::sleep(CALM).await;
                    // What happened in between is told by nobody.
                    desk.tell(Note::Stirs(None));
                }
            };
            tokio::select! {
                () = listening => {}
                () = until.cancelled() => {}
            }
        });
    }

    pub fn check(
        self: &Arc<Self>,
        daemon: Daemon,
        name: ServiceName,
        id: String,
        port: u16,
        tasks: &TaskTracker,
    ) {
        let desk = Arc::clone(self);
        tasks.spawn(async move {
            match daemon.find(&id, port, &desk.hands.labels).await {
                Ok(found) => desk.tell(Note::Seen { name, id, found }),
                // Nobody could look; the next round does.
                Err(trouble) => tracing::debug!(service.name = name.as_str(), error = %trouble, "it could not be looked at"),
            }
        });
    }

    pub async fn end(&self, daemon: &Daemon, name: ServiceName, id: String, grace: Duration) {
        let _line = self.lines[&name].lock().await;
        if let Err(trouble) = self.hands.stop(daemon, name, &id, grace).await {
            tracing::warn!(service.name = name.as_str(), error = %trouble, "it could not be ended");
        }
    }

    fn tell(&self, note: Note) {
        // The keeper ends before its desk does; what comes after that concerns nobody.
        let _ = self.notes.send(note);
    }
}
