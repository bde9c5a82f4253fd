//! The one task that keeps the services: events in, the table asked, acts handed out.
//!
//! Acts of one service run one after another, each in the turn that asked for it: when a service moves on, whatever
//! an older turn brings back is ignored. News of the engine only makes it look.

use super::desk::{Desk, Note, Work};
use super::fault::Trouble;
use super::name::ServiceName;
use super::table::step;
use super::upkeep::{Act, Event, Stage, Upkeep};
use super::view::{NoCard, Reach, ServiceView};
use crate::daemon::connection::Daemon;
use crate::daemon::containers::{Found, Life};
use crate::daemon::labels::Card;
use crate::plan::make::Plan;
use crate::plan::planned::{ImageWish, Planned};
use engine::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Without any news, everything is looked at that often.
const ROUND: Duration = Duration::from_secs(30);

/// What the rest of the box may ask of the keeper.
#[derive(Debug)]
pub enum Order {
    /// The owner pressed "try again".
    Retry(ServiceName),
    /// The owner decided otherwise.
    Plan(Plan),
    /// The owner pressed "remove what is left over". Answered when that is done; dropped where no container engine
    /// is there.
    Tidy(oneshot::Sender<Result<(), Trouble>>),
    /// The box ends: containers end too, in this time. Answered when they have.
    Stop { within: Duration, done: oneshot::Sender<()> },
}

/// What the keeper tells.
#[derive(Clone)]
pub struct Told {
    pub reach: watch::Receiver<Reach>,
    pub views: watch::Receiver<Arc<Vec<ServiceView>>>,
}

pub struct Keeper {
    desk: Arc<Desk>,
    kept: BTreeMap<ServiceName, Kept>,
    undecided: Vec<ServiceName>,
    daemon: Option<Daemon>,
    /// Ends the line on which this engine tells its news.
    listening: CancellationToken,
    reach: watch::Sender<Reach>,
    views: watch::Sender<Arc<Vec<ServiceView>>>,
    notes: mpsc::UnboundedReceiver<Note>,
    tasks: TaskTracker,
}

/// One service in its keeper's hands.
struct Kept {
    planned: Option<Planned>,
    upkeep: Upkeep,
    found: Option<Found>,
    image: Option<String>,
    lines: Vec<String>,
    is_clear: bool,
    turn: u64,
    /// Ends what the current turn still does, where that may be ended.
    working: CancellationToken,
}

impl Keeper {
    pub fn new(desk: Arc<Desk>, notes: mpsc::UnboundedReceiver<Note>, tasks: TaskTracker) -> (Self, Told) {
        let kept = |name| (name, Kept::new());
        let keeper = Self {
            desk,
            kept: ServiceName::ALL.into_iter().map(kept).collect(),
            undecided: Vec::new(),
            daemon: None,
            listening: CancellationToken::new(),
            reach: watch::Sender::default(),
            views: watch::Sender::default(),
            notes,
            tasks,
        };
        let told = Told { reach: keeper.reach.subscribe(), views: keeper.views.subscribe() };
        (keeper, told)
    }

    /// Until told to stop.
    pub async fn keep(
        mut self,
        plan: Plan,
        mut daemons: watch::Receiver<Option<Daemon>>,
        mut orders: mpsc::Receiver<Order>,
    ) {
        self.plan(plan);
        self.meet(daemons.borrow_and_update().clone());
        let mut round = tokio::time::interval(ROUND);
        loop {
            let due = self.kept.values().filter_map(|kept| kept.upkeep.due).min();
            let wait = due.map(|due| due.since(self.now()));
            tokio::select! {
                Some(note) = self.notes.recv() => self.note(note),
                changed = daemons.changed() => match changed {
                    Ok(()) => { let daemon = daemons.borrow_and_update().clone(); self.meet(daemon); }
                    Err(_) => break,
                },
                order = orders.recv() => match order {
                    Some(Order::Retry(name)) => self.retry(name),
                    Some(Order::Plan(plan)) => self.plan(plan),
                    Some(Order::Tidy(done)) => self.tidy(Some(done)),
                    Some(Order::Stop { within, done }) => {
                        self.stop(within).await;
                        // Whoever asked may have left.
                        let _ = done.send(());
                        break;
                    }
                    None => break,
                },
                () = sleep(wait), if wait.is_some() => self.due(),
                _ = round.tick() => self.check_all(),
            }
            self.settle();
        }
        self.listening.cancel();
        for kept in self.kept.values() {
            kept.working.cancel();
        }
    }

    /// One that serves is left alone, but where another one could have what it lacks.
    fn retry(&mut self, name: ServiceName) {
        let lacks = self.kept[&name].lacks_card(self.daemon.as_ref()).is_some();
        let event = if lacks { Event::Anew } else { Event::Retry };
        self.happen(name, &event);
    }

    fn now(&self) -> Timestamp {
        self.desk.hands.clock.now()
    }

    /// A plan that changed: each service hears only what is new to it.
    fn plan(&mut self, plan: Plan) {
        let was_open = !std::mem::replace(&mut self.undecided, plan.undecided).is_empty();
        for name in ServiceName::ALL {
            let wanted = plan.services.get(&name).cloned();
            let kept = self.kept.get_mut(&name).expect("every service is kept");
            let is_known = match &wanted {
                // One that was let go is made again, also where nothing about it has changed.
                Some(_) => kept.upkeep.is_wanted() && kept.planned == wanted,
                None => !kept.upkeep.is_wanted(),
            };
            if is_known {
                continue;
            }
            let event = if wanted.is_some() { Event::Wanted } else { Event::Unwanted };
            if wanted.is_some() {
                kept.planned = wanted;
            }
            self.happen(name, &event);
        }
        if was_open && self.undecided.is_empty() {
            self.tidy(None);
        }
    }

    /// The container engine came, went, or is another one.
    fn meet(&mut self, daemon: Option<Daemon>) {
        self.daemon = daemon;
        std::mem::take(&mut self.listening).cancel();
        self.tidy(None);
        if let Some(daemon) = &self.daemon {
            self.desk.listen(daemon.clone(), self.listening.clone(), &self.tasks);
        }
        // An engine that comes back may be another one: whoever was clear asks again.
        for kept in self.kept.values_mut() {
            kept.is_clear = false;
        }
    }

    /// What no plan has goes.
    fn tidy(&self, done: Option<oneshot::Sender<Result<(), Trouble>>>) {
        let Some(daemon) = &self.daemon else { return };
        let wanted = self.kept.iter().filter(|(_, kept)| kept.upkeep.is_wanted()).map(|(name, _)| *name);
        let wanted = wanted.chain(self.undecided.iter().copied()).collect();
        self.desk.tidy(daemon.clone(), wanted, done, &self.tasks);
    }

    /// Tells each service whether what it waits for is there, when that changed.
    fn settle(&mut self) {
        for name in ServiceName::ALL {
            let serves = |need: &ServiceName| self.kept[need].upkeep.serves();
            let is_clear = self.daemon.is_some() && name.needs().iter().all(serves);
            let kept = self.kept.get_mut(&name).expect("every service is kept");
            if is_clear && (!kept.is_clear || kept.upkeep.stage == Stage::Waiting) {
                kept.is_clear = true;
                self.happen(name, &Event::Clear);
            } else if !is_clear && (kept.is_clear || self.daemon.is_none()) {
                kept.is_clear = false;
                self.happen(name, &Event::Blocked);
            }
        }
        self.tell();
    }

    fn due(&mut self) {
        let now = self.now();
        for name in ServiceName::ALL {
            if self.kept[&name].upkeep.due.is_some_and(|due| due <= now) {
                self.happen(name, &Event::Due);
            }
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Came { name, turn, event, found } => {
                let kept = self.kept.get_mut(&name).expect("every service is kept");
                if kept.turn != turn {
                    return;
                }
                if let Some(found) = found {
                    kept.found = found;
                }
                self.happen(name, &event);
            }
            Note::Image { name, turn, id } => {
                let kept = self.kept.get_mut(&name).expect("every service is kept");
                if kept.turn == turn {
                    kept.image = Some(id);
                    self.happen(name, &Event::ImageReady);
                }
            }
            Note::Lines { name, lines } => {
                self.kept.get_mut(&name).expect("every service is kept").lines = lines;
            }
            Note::Stirs(Some(name)) => self.check(name),
            Note::Stirs(None) => self.check_all(),
            Note::Seen { name, id, found } => self.seen(name, &id, found),
        }
    }

    fn check_all(&mut self) {
        for name in ServiceName::ALL {
            self.check(name);
        }
    }

    /// Asks how the container is that this service stands on.
    fn check(&mut self, name: ServiceName) {
        let kept = &self.kept[&name];
        let runs = matches!(kept.upkeep.stage, Stage::Starting | Stage::Serving { .. });
        if let (true, Some(daemon), Some(found), Some(planned)) =
            (runs, &self.daemon, &kept.found, &kept.planned)
        {
            self.desk.check(daemon.clone(), name, found.id.clone(), planned.port, &self.tasks);
        }
    }

    /// What that check saw. Of an older container it says nothing.
    fn seen(&mut self, name: ServiceName, id: &str, found: Option<Found>) {
        let kept = self.kept.get_mut(&name).expect("every service is kept");
        if kept.found.as_ref().map(|found| found.id.as_str()) != Some(id) {
            return;
        }
        let event = match found.map(|found| found.life) {
            None => Event::Gone,
            Some(Life::Ended(trouble)) => Event::Ended(trouble),
            Some(Life::Runs | Life::Idle) => return,
        };
        self.happen(name, &event);
    }

    fn happen(&mut self, name: ServiceName, event: &Event) {
        let now = self.now();
        let chance = self.chance();
        let kept = self.kept.get_mut(&name).expect("every service is kept");
        let before = kept.upkeep.stage.as_str();
        let (upkeep, acts) = step(&kept.upkeep, event, now, chance);
        kept.upkeep = upkeep;
        let after = kept.upkeep.stage.as_str();
        if before != after {
            kept.log(name, before);
        }
        if acts.is_empty() {
            return;
        }
        for act in &acts {
            match act {
                Act::Announce => self.announce(name),
                Act::Withdraw => self.withdraw(name),
                _ => {}
            }
        }
        self.work(name, &acts);
        // It may have ended since it was seen to run, when news of it said nothing yet.
        if before != after && after == "starting" {
            self.check(name);
        }
    }

    fn announce(&self, name: ServiceName) {
        let Some(address) = self.kept[&name].found.as_ref().and_then(|found| found.address) else { return };
        self.reach.send_if_modified(|reach| reach.insert(name, address) != Some(address));
    }

    fn withdraw(&self, name: ServiceName) {
        self.reach.send_if_modified(|reach| reach.remove(&name).is_some());
    }

    /// A new turn: the acts in order, and one event that comes of them.
    fn work(&mut self, name: ServiceName, acts: &[Act]) {
        let kept = self.kept.get_mut(&name).expect("every service is kept");
        let Some(planned) = kept.planned.clone() else { return };
        kept.turn += 1;
        let working = std::mem::take(&mut kept.working);
        working.cancel();
        let is_settled = matches!(kept.upkeep.stage, Stage::Serving { .. } | Stage::Unwatched { .. });
        let work = Work {
            name,
            turn: kept.turn,
            acts: acts.to_vec(),
            planned,
            image: kept.image.clone(),
            found: kept.found.clone(),
            daemon: self.daemon.clone(),
            stop: kept.working.clone(),
            is_settled,
        };
        self.desk.work(work, &self.tasks);
    }

    fn chance(&self) -> f64 {
        let mut bytes = [0; 2];
        self.desk.hands.clock.fill_random(&mut bytes);
        f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX)
    }

    /// All containers end, those that lean on others first.
    async fn stop(&mut self, within: Duration) {
        let Some(daemon) = self.daemon.clone() else { return };
        for name in ServiceName::ALL.into_iter().rev() {
            self.withdraw(name);
            let kept = self.kept.get_mut(&name).expect("every service is kept");
            kept.turn += 1;
            kept.working.cancel();
        }
        let ends = self.kept.iter().filter_map(|(name, kept)| {
            let id = kept.found.as_ref()?.id.clone();
            Some(self.desk.end(&daemon, *name, id, within))
        });
        let all = futures::future::join_all(ends.collect::<Vec<_>>());
        if tokio::time::timeout(within + Duration::from_secs(1), all).await.is_err() {
            tracing::warn!("not every container ended in time; they are taken up again at the next start");
        }
    }

    fn tell(&self) {
        let views: Vec<_> =
            self.kept.iter().filter_map(|(name, kept)| kept.view(*name, self.daemon.as_ref())).collect();
        self.views.send_if_modified(|told| {
            let has_changed = **told != views;
            if has_changed {
                *told = Arc::new(views);
            }
            has_changed
        });
    }
}

impl Kept {
    fn new() -> Self {
        Self {
            planned: None,
            upkeep: Upkeep::default(),
            found: None,
            image: None,
            lines: Vec::new(),
            is_clear: false,
            turn: 0,
            working: CancellationToken::new(),
        }
    }

    fn log(&self, name: ServiceName, before: &str) {
        let stage = self.upkeep.stage.as_str();
        match (&self.upkeep.trouble, &self.upkeep.stage) {
            (Some(trouble), Stage::Resting | Stage::Parked | Stage::Halting) => tracing::warn!(
                service.name = name.as_str(),
                error = %trouble.detail,
                "{name} {}: {stage}",
                trouble.fault.what()
            ),
            _ => tracing::info!(service.name = name.as_str(), "{name} was {before} and is {stage}"),
        }
    }

    fn lacks_card(&self, daemon: Option<&Daemon>) -> Option<NoCard> {
        let found = self.found.as_ref().filter(|_| self.upkeep.serves())?;
        let is_wished = self.planned.as_ref().is_some_and(|planned| planned.graphics);
        let could_have = is_wished && daemon.is_some_and(|daemon| daemon.graphics.is_some());
        match &found.card {
            Card::Refused(said) => Some(NoCard::Refused(said.clone())),
            Card::None => could_have.then_some(NoCard::CameLater),
            Card::Given => None,
        }
    }

    fn view(&self, name: ServiceName, daemon: Option<&Daemon>) -> Option<ServiceView> {
        if self.upkeep.stage == Stage::Off {
            return None;
        }
        let image = match &self.planned.as_ref()?.image {
            ImageWish::Named(reference) => reference.clone(),
            ImageWish::Own => "this version's own".to_owned(),
        };
        let serving_since = match self.upkeep.stage {
            Stage::Serving { since, .. } => Some(since),
            _ => None,
        };
        let trouble: Option<Trouble> = self.upkeep.trouble.clone();
        Some(ServiceView {
            name,
            stage: self.upkeep.stage.as_str(),
            image,
            container: self.found.as_ref().map(|found| found.id.chars().take(12).collect()),
            address: self.found.as_ref().and_then(|found| found.address),
            serving_since,
            starts: self.upkeep.starts,
            next_try: self.upkeep.due.filter(|_| trouble.is_some()),
            trouble,
            last_lines: self.lines.clone(),
            lacks_card: self.lacks_card(daemon),
        })
    }
}

async fn sleep(wait: Option<Duration>) {
    if let Some(wait) = wait {
        tokio::time::sleep(wait).await;
    }
}
