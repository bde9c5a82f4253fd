//! The watch over engines that do as they are told, with time held.

use super::engine::{DOCKER, Mood, Sockets};
use super::steadying::{look, place};
use crate::containers::detect::Detection;
use crate::containers::endpoint::Endpoint;
use crate::containers::places::tests::around;
use crate::containers::state::State;
use crate::containers::watch::{Engines, Watch};
use engine::adapters::system::SystemClock;
use futures::future::BoxFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One engine at one place.
#[derive(Clone)]
struct Fake(Arc<Mutex<Life>>);

struct Life {
    state: State,
    /// How long a look takes.
    slowness: Duration,
    marks: u64,
    /// When it was looked at, and when only asked whether it answers.
    looks: Vec<Instant>,
    pings: Vec<Instant>,
}

impl Fake {
    fn new(state: State) -> Self {
        let (looks, pings) = (Vec::new(), Vec::new());
        Self(Arc::new(Mutex::new(Life { state, slowness: Duration::ZERO, marks: 0, looks, pings })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Life) -> T) -> T {
        act(&mut self.0.lock().expect("no test panics here"))
    }

    fn becomes(&self, state: State) {
        self.with(|life| life.state = state);
    }

    fn looks(&self) -> usize {
        self.with(|life| life.looks.len())
    }

    /// Seconds between looks, rounded down.
    fn pauses(&self) -> Vec<u64> {
        self.with(|life| life.looks.windows(2).map(|two| (two[1] - two[0]).as_secs()).collect())
    }

    fn watched(&self) -> Watched {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = Arc::new(SystemClock::default());
        Watched { watch: Watch::start(self.clone(), clock, &tasks, stop.clone()), tasks, stop }
    }
}

impl Engines for Fake {
    fn look(&self) -> BoxFuture<'_, Detection> {
        Box::pin(async {
            let slowness = self.with(|life| {
                life.looks.push(Instant::now());
                life.slowness
            });
            tokio::time::sleep(slowness).await;
            look(&[("a", self.with(|life| life.state))])
        })
    }

    fn answers<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, bool> {
        assert_eq!(*endpoint, place("a"));
        Box::pin(async {
            self.with(|life| {
                life.pings.push(Instant::now());
                life.state.works()
            })
        })
    }

    fn marks(&self) -> BoxFuture<'_, u64> {
        Box::pin(async { self.with(|life| life.marks) })
    }
}

struct Watched {
    watch: Watch,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Watched {
    /// How long it took until this was told.
    async fn until(&self, state: State) -> Duration {
        let begun = Instant::now();
        let mut told = self.watch.subscribe();
        let told = told.wait_for(|told| told.state == state);
        tokio::time::timeout(Duration::from_hours(1), told).await.expect("in time").expect("watched");
        begun.elapsed()
    }
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_working_engine_is_asked_little_and_looked_at_once_a_minute() {
    let engine = Fake::new(State::Running);
    let watched = engine.watched();
    watched.until(State::Running).await;
    pass(Duration::from_secs(59)).await;
    assert_eq!((engine.looks(), engine.with(|life| life.pings.len())), (1, 19));
    pass(Duration::from_mins(10)).await;
    assert!(engine.pauses().iter().all(|pause| *pause == 60), "{:?}", engine.pauses());
}

#[tokio::test(start_paused = true)]
async fn a_loss_is_told_within_seconds_and_so_is_the_return() {
    let engine = Fake::new(State::Running);
    let watched = engine.watched();
    watched.until(State::Running).await;
    for silent in [State::Stopped, State::Starting] {
        engine.becomes(silent);
        assert!(watched.until(State::Lost).await <= Duration::from_secs(5));
        pass(Duration::from_mins(1)).await;
        engine.becomes(State::Running);
        engine.with(|life| life.marks += 1);
        let back = watched.until(State::Running).await;
        assert!(back >= Duration::from_secs(5) && back <= Duration::from_secs(11), "{back:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn looks_grow_rarer_where_none_works() {
    let engine = Fake::new(State::Stopped);
    let watched = engine.watched();
    watched.until(State::Stopped).await;
    pass(Duration::from_secs(130)).await;
    assert_eq!(engine.pauses()[..5], [5, 10, 20, 30, 30]);

    let engine = Fake::new(State::Starting);
    let watched = engine.watched();
    watched.until(State::Stopped).await;
    let pauses = engine.pauses();
    assert_eq!(pauses[..6], [0, 1, 2, 4, 5, 5], "often at first, while it starts");
    let starting = engine.with(|life| life.looks[life.looks.len() - 1] - life.looks[0]);
    assert!(starting >= Duration::from_mins(2) && starting <= Duration::from_secs(125), "{starting:?}");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_changes_is_looked_at_at_once() {
    let engine = Fake::new(State::NotInstalled);
    let watched = engine.watched();
    pass(Duration::from_mins(5)).await;
    let before = engine.looks();
    engine.with(|life| life.marks += 1);
    engine.becomes(State::PermissionDenied);
    assert!(watched.until(State::PermissionDenied).await <= Duration::from_secs(1));
    assert_eq!(engine.looks(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_look() {
    let engine = Fake::new(State::Running);
    engine.with(|life| life.slowness = Duration::from_secs(6));
    let watched = engine.watched();
    let begun = Instant::now();
    assert_eq!(watched.watch.now().state, State::Starting);
    let early = watched.watch.first_look(Duration::from_millis(250)).await;
    assert_eq!((early.state, begun.elapsed()), (State::Starting, Duration::from_millis(250)));
    assert!(early.detail.contains("still looking"), "{}", early.detail);
    let again = watched.watch.look_again(Duration::from_secs(1)).await;
    assert_eq!((again.state, begun.elapsed()), (State::Starting, Duration::from_millis(1250)));
    let found = watched.watch.first_look(Duration::from_secs(60)).await;
    assert_eq!((found.state, begun.elapsed()), (State::Running, Duration::from_secs(6)));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_is_told_of_a_look_that_began_after() {
    let engine = Fake::new(State::Stopped);
    let watched = engine.watched();
    watched.until(State::Stopped).await;
    let minute = Duration::from_mins(1);
    engine.becomes(State::NotDocker);
    assert_eq!(watched.watch.look_again(minute).await.state, State::NotDocker);
    // One look is under way when the next one is asked for.
    engine.with(|life| life.slowness = Duration::from_secs(4));
    let before = engine.looks();
    let (first, second) = tokio::join!(watched.watch.look_again(minute), async {
        pass(Duration::from_secs(3)).await;
        engine.becomes(State::NotDocker);
        let second = watched.watch.look_again(minute).await;
        (second.state, engine.looks())
    });
    assert_eq!((first.state, second), (State::NotDocker, (State::NotDocker, before + 2)));
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_told_and_is_still_good_for_an_answer() {
    let engine = Fake::new(State::Running);
    engine.with(|life| life.slowness = Duration::from_hours(1));
    let watched = engine.watched();
    watched.watch.first_look(Duration::from_secs(1)).await;
    watched.stop.cancel();
    watched.tasks.close();
    tokio::time::timeout(Duration::from_secs(1), watched.tasks.wait()).await.expect("it ends");
    let begun = Instant::now();
    watched.watch.look_again(Duration::from_mins(1)).await;
    assert_eq!(watched.watch.first_look(Duration::from_mins(1)).await.state, State::Starting);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_looks_that_is_the_answer() {
    let watch = Watch::disabled("as asked for");
    let begun = Instant::now();
    let told = watch.first_look(Duration::from_mins(1)).await;
    assert_eq!((told.state, told.detail.as_str()), (State::Disabled, "as asked for"));
    assert_eq!(watch.look_again(Duration::from_mins(1)).await, told);
    assert_eq!((begun.elapsed(), watch.subscribe().has_changed().ok()), (Duration::ZERO, Some(false)));
}

#[tokio::test]
async fn a_real_socket_that_appears_and_goes_is_followed() {
    let mut sockets = Sockets::new();
    let session = sockets.root().join("session").display().to_string();
    let around = around(sockets.root(), "linux", &[("XDG_RUNTIME_DIR", &*session)]);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let watch = Watch::start(around, Arc::new(SystemClock::default()), &tasks, stop.clone());
    let soon = Duration::from_secs(30);
    assert_eq!(watch.first_look(soon).await.state, State::NotInstalled);

    let begun = Instant::now();
    let mut told = watch.subscribe();
    let path = sockets.open("run/docker.sock", Some(Mood::sound(DOCKER)));
    let returning = tokio::time::timeout(soon, told.wait_for(|told| told.state == State::Starting)).await;
    let detail = returning.expect("it is seen before the next look is due").expect("watched").detail.clone();
    assert!(detail.contains("Docker 20.10.24"), "{detail}");
    let patient = Duration::from_secs(60);
    tokio::time::timeout(patient, told.wait_for(|told| told.state == State::Running))
        .await
        .expect("it counts")
        .expect("watched");
    assert!(begun.elapsed() >= Duration::from_secs(5));

    drop(sockets);
    assert!(!path.exists());
    assert_eq!(watch.look_again(soon).await.state, State::Lost);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
}
