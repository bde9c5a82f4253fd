//! The rounds: each kind of figure is taken by a task of its own, so that one that hangs holds up no other.

use super::folders::{self, Folders};
use super::own::{self, Own};
use crate::config::data_dir::DataDir;
use crate::daemon::connection::Daemon;
use crate::daemon::labels::Labels;
use crate::daemon::usage::Usage;
use crate::machine::source::Machine;
use crate::services::name::ServiceName;
use crate::services::view::ServiceView;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Who looked counts as looking for so long.
const LOOKING: Duration = Duration::from_secs(10);
const PACE: Duration = Duration::from_secs(2);
/// Every file is looked at, so that is done seldom.
const FOLDERS_PACE: Duration = Duration::from_secs(60);
/// For one container's figures.
const PATIENCE: Duration = Duration::from_secs(2);
/// Older figures say nothing about this moment.
const FRESH: Duration = Duration::from_secs(10);
/// A share of less is a guess, and of more is history.
const SPAN: std::ops::RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(30);

/// What something takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Taken {
    pub memory_bytes: Option<u64>,
    /// How many processor cores it kept busy.
    pub cores: Option<f64>,
}

/// What is known at this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    pub own: Own,
    pub own_cores: Option<f64>,
    pub services: BTreeMap<ServiceName, Taken>,
    pub folders: Option<Folders>,
}

/// Clones share the figures.
#[derive(Clone)]
pub struct Meter {
    looked: Arc<watch::Sender<Option<Instant>>>,
    own: Told<(Own, Option<f64>)>,
    services: Told<BTreeMap<ServiceName, Taken>>,
    folders: Told<Folders>,
}

/// Figures and when they were taken.
type Told<T> = watch::Receiver<Option<(Instant, T)>>;

/// What the figures of services are taken from.
pub struct Containers {
    pub daemons: watch::Receiver<Option<Daemon>>,
    pub views: watch::Receiver<Arc<Vec<ServiceView>>>,
    pub labels: Labels,
}

impl Meter {
    /// Until `end`. Nothing is taken before somebody looks.
    pub fn start(dir: DataDir, containers: Containers, tasks: &TaskTracker, end: &CancellationToken) -> Self {
        let (looked, looks) = watch::channel(None);
        let rounds = Rounds { looks, tasks: tasks.clone(), end: end.clone() };
        let own = rounds.run(PACE, Itself { root: dir.root().to_owned(), before: None });
        let folders = rounds.run(FOLDERS_PACE, dir);
        let services = rounds.run(PACE, Contained { containers, before: BTreeMap::new() });
        Self { looked: Arc::new(looked), own, services, folders }
    }

    /// Somebody looks. Figures that are fresh are handed out at once; others are waited for, but no longer than this,
    /// and missing after that.
    pub async fn look(&self, patience: Duration) -> Figures {
        self.looked.send_replace(Some(Instant::now()));
        let (own, services, folders) = tokio::join!(
            fresh(&self.own, FRESH, patience),
            fresh(&self.services, FRESH, patience),
            fresh(&self.folders, FOLDERS_PACE * 2, patience),
        );
        let (own, own_cores) = own.unwrap_or_default();
        Figures { own, own_cores, services: services.unwrap_or_default(), folders }
    }
}

async fn fresh<T: Clone>(told: &Told<T>, age: Duration, patience: Duration) -> Option<T> {
    let mut told = told.clone();
    let is_fresh = |told: &Option<(Instant, T)>| told.as_ref().is_some_and(|(at, _)| at.elapsed() < age);
    let found = tokio::time::timeout(patience, told.wait_for(is_fresh)).await.ok()?.ok()?;
    found.as_ref().map(|(_, figures)| figures.clone())
}

/// Where figures of one kind are taken.
trait Source: Send + 'static {
    type Taken: Send + Sync + 'static;

    fn take(&mut self) -> impl Future<Output = Option<Self::Taken>> + Send;
}

struct Rounds {
    looks: watch::Receiver<Option<Instant>>,
    tasks: TaskTracker,
    end: CancellationToken,
}

impl Rounds {
    fn run<S: Source>(&self, pace: Duration, mut source: S) -> Told<S::Taken> {
        let (tell, told) = watch::channel(None);
        let (mut looks, end) = (self.looks.clone(), self.end.clone());
        self.tasks.spawn(end.run_until_cancelled_owned(async move {
            let is_looking = |at: &Option<Instant>| at.is_some_and(|at| at.elapsed() < LOOKING);
            while looks.wait_for(is_looking).await.is_ok() {
                let taken = source.take().await;
                tell.send_replace(taken.map(|taken| (Instant::now(), taken)));
                tokio::time::sleep(pace).await;
            }
        }));
        told
    }
}

/// This process, and the machine around it.
struct Itself {
    root: PathBuf,
    before: Option<(Instant, u64)>,
}

impl Source for Itself {
    type Taken = (Own, Option<f64>);

    async fn take(&mut self) -> Option<Self::Taken> {
        let root = self.root.clone();
        let taken = tokio::task::spawn_blocking(move || own::read(&Machine::this(), &root)).await.ok()?;
        Some((taken, share(&mut self.before, taken.processor)))
    }
}

impl Source for DataDir {
    type Taken = Folders;

    async fn take(&mut self) -> Option<Folders> {
        let dir = self.clone();
        tokio::task::spawn_blocking(move || folders::read(&dir)).await.ok()
    }
}

struct Contained {
    containers: Containers,
    before: BTreeMap<ServiceName, Option<(Instant, u64)>>,
}

impl Source for Contained {
    type Taken = BTreeMap<ServiceName, Taken>;

    /// Of all at once: they share the patience.
    async fn take(&mut self) -> Option<Self::Taken> {
        let Containers { daemons, views, labels } = &self.containers;
        let Some(daemon) = daemons.borrow().clone() else { return Some(BTreeMap::new()) };
        let views = Arc::clone(&views.borrow());
        let there = views.iter().filter(|view| view.container.is_some()).map(|view| view.name);
        let asked = there.map(|name| (name, daemon.usage(name, labels, PATIENCE)));
        Some(taken(asked.collect(), &mut self.before).await)
    }
}

/// Each with the moment of its own answer: one that is slow says nothing about the others.
async fn taken<Asked: Future<Output = Option<Usage>>>(
    asked: Vec<(ServiceName, Asked)>,
    before: &mut BTreeMap<ServiceName, Option<(Instant, u64)>>,
) -> BTreeMap<ServiceName, Taken> {
    let answers = asked.into_iter().map(async |(name, asked)| (name, asked.await, Instant::now()));
    let told = futures::future::join_all(answers).await;
    let taken = told.into_iter().filter_map(|(name, usage, at)| {
        let Usage { memory_bytes, processor_ns } = usage?;
        let cores = share(before.entry(name).or_default(), processor_ns.map(|time| (at, time)));
        Some((name, Taken { memory_bytes, cores }))
    });
    taken.collect()
}

/// Cores that were kept busy since the look before.
fn share(before: &mut Option<(Instant, u64)>, now: Option<(Instant, u64)>) -> Option<f64> {
    let now = now?;
    let (at, time) = before.replace(now)?;
    let span = now.0.duration_since(at);
    // A counter that went back is another process's.
    let worked = now.1.checked_sub(time)?;
    SPAN.contains(&span).then(|| worked as f64 / span.as_nanos() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// As processors count.
    const SECOND: u64 = 1_000_000_000;

    fn rounds() -> (watch::Sender<Option<Instant>>, Rounds) {
        let (look, looks) = watch::channel(None);
        (look, Rounds { looks, tasks: TaskTracker::new(), end: CancellationToken::new() })
    }

    struct Counting(Arc<AtomicU32>);

    impl Source for Counting {
        type Taken = u32;

        async fn take(&mut self) -> Option<u32> {
            Some(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }

    struct Hanging;

    impl Source for Hanging {
        type Taken = u32;

        async fn take(&mut self) -> Option<u32> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_taken_while_nobody_looks() {
        let (look, rounds) = rounds();
        let count = Arc::new(AtomicU32::new(0));
        let told = rounds.run(PACE, Counting(Arc::clone(&count)));
        let after = async |span: Duration| {
            tokio::time::sleep(span).await;
            count.load(Ordering::Relaxed)
        };
        assert_eq!(after(Duration::from_secs(3600)).await, 0);
        look.send_replace(Some(Instant::now()));
        assert_eq!(fresh(&told, FRESH, PATIENCE).await, Some(0));
        let taken = after(Duration::from_secs(3600)).await;
        assert!((3..10).contains(&taken), "{taken}");
        assert_eq!(fresh(&told, FRESH, PATIENCE).await, None, "what is old is not told");
    }

    #[tokio::test(start_paused = true)]
    async fn figures_that_never_come_cost_no_more_than_the_patience_and_are_missing() {
        let (look, rounds) = rounds();
        let told = rounds.run(PACE, Hanging);
        look.send_replace(Some(Instant::now()));
        let begun = Instant::now();
        assert_eq!(fresh(&told, FRESH, Duration::from_millis(100)).await, None);
        assert_eq!(begun.elapsed(), Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_needs_two_looks_at_one_process_not_too_far_apart() {
        let mut before = None;
        let mut share = |now: Option<u64>| super::share(&mut before, now.map(|time| (Instant::now(), time)));
        assert_eq!(share(Some(SECOND)), None);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(share(Some(4 * SECOND)), Some(1.5));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(share(None), None);
        assert_eq!(share(Some(SECOND)), None, "it was started anew");
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(share(Some(2 * SECOND)), None, "that is history");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_answers_late_makes_no_share_of_another_wrong() {
        let mut before = BTreeMap::new();
        let mut look = async |worked: u64, late: Duration| {
            let usage = async |late: Duration| {
                tokio::time::sleep(late).await;
                Some(Usage { memory_bytes: None, processor_ns: Some(worked) })
            };
            let asked =
                vec![(ServiceName::Redis, usage(Duration::ZERO)), (ServiceName::Postgres, usage(late))];
            let taken = taken(asked, &mut before).await;
            [ServiceName::Redis, ServiceName::Postgres].map(|name| taken[&name].cores)
        };
        assert_eq!(look(SECOND, Duration::from_secs(2)).await, [None, None]);
        tokio::time::advance(Duration::from_secs(2)).await;
        // Each worked for four seconds: one since four seconds ago, one since two.
        assert_eq!(look(5 * SECOND, Duration::ZERO).await, [Some(1.0), Some(2.0)]);
    }
}
