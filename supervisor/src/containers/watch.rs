//! Keeps looking at the container engines while the box runs, and remembers what holds.
//!
//! Whoever asks is told the last verdict and never waits for an engine. A working one is asked with a cheap
//! question every few seconds, all places once a minute; where none works, looks grow rarer, until a place
//! changes or the owner asks.

use super::detect::{Detection, detect};
use super::endpoint::Endpoint;
use super::marks::marks;
use super::places::Around;
use super::probe;
use super::state::State;
use super::steady::{Course, Moment, Steady};
use engine::ports::clock::Clock;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// For each of a few questions to one engine.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Between two questions to a working engine.
const BETWEEN_PINGS: Duration = Duration::from_secs(3);
/// Between two looks at all places.
const BETWEEN_LOOKS: Duration = Duration::from_mins(1);
const WHILE_RETURNING: Duration = Duration::from_millis(2500);
const FIRST_WHILE_STARTING: Duration = Duration::from_millis(500);
const LONGEST_WHILE_STARTING: Duration = Duration::from_secs(5);
const FIRST_WHILE_OUT: Duration = Duration::from_secs(5);
const LONGEST_WHILE_OUT: Duration = Duration::from_secs(30);
/// Between two glances at whether a place has changed.
const BETWEEN_GLANCES: Duration = Duration::from_secs(1);
/// Owners who ask at the same time.
const MOST_WAITING: usize = 64;

/// The last verdict, and the way to a new one. Clones share it.
#[derive(Clone)]
pub struct Watch {
    told: Arc<watch::Sender<Arc<Detection>>>,
    /// Whether there has been a first look.
    looked: watch::Receiver<bool>,
    asks: mpsc::Sender<oneshot::Sender<()>>,
}

/// What is watched. A test has engines of its own.
pub trait Engines: Send + Sync + 'static {
    fn look(&self) -> BoxFuture<'_, Detection>;
    /// Whether this one still answers.
    fn answers<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, bool>;
    /// Another number where a place has come, gone or changed. Cheap.
    fn marks(&self) -> BoxFuture<'_, u64>;
}

impl Engines for Around {
    fn look(&self) -> BoxFuture<'_, Detection> {
        Box::pin(detect(self, PATIENCE))
    }

    fn answers<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, bool> {
        Box::pin(probe::answers(endpoint, PATIENCE))
    }

    fn marks(&self) -> BoxFuture<'_, u64> {
        Box::pin(marks(self))
    }
}

impl Watch {
    /// Begins to look at once, until `stop`.
    pub fn start(
        engines: impl Engines,
        clock: Arc<dyn Clock>,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let looking = Detection::bare(State::Starting, "the box is still looking for container engines");
        let told = Arc::new(watch::Sender::new(Arc::new(looking)));
        let (has_looked, looked) = watch::channel(false);
        let (asks, asked) = mpsc::channel(MOST_WAITING);
        let lookout = Lookout {
            engines,
            clock,
            told: Arc::clone(&told),
            has_looked,
            asked,
            waiting: Vec::new(),
            steady: Steady::default(),
            pause: None,
        };
        tasks.spawn(async move {
            stop.run_until_cancelled_owned(lookout.keep()).await;
        });
        Self { told, looked, asks }
    }

    /// Nobody looks, and this is why.
    pub fn disabled(detail: &str) -> Self {
        let told = Arc::new(watch::Sender::new(Arc::new(Detection::bare(State::Disabled, detail))));
        let (_, looked) = watch::channel(true);
        let (asks, _) = mpsc::channel(1);
        Self { told, looked, asks }
    }

    /// The last verdict. Never waits.
    pub fn now(&self) -> Arc<Detection> {
        Arc::clone(&self.told.borrow())
    }

    /// Wakes with each verdict that differs from the one before.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Detection>> {
        self.told.subscribe()
    }

    /// The last verdict; before there is one it is waited for, but no longer than this. Cancel-safe.
    pub async fn first_look(&self, within: Duration) -> Arc<Detection> {
        let mut looked = self.looked.clone();
        // Where it takes longer, or nobody looks any more, what is known is told.
        let _ = tokio::time::timeout(within, looked.wait_for(|looked| *looked)).await;
        self.now()
    }

    /// The verdict of a look that began after this call; the last one where that takes longer. Cancel-safe.
    pub async fn look_again(&self, within: Duration) -> Arc<Detection> {
        let (done, seen) = oneshot::channel();
        if self.asks.try_send(done).is_ok() {
            let _ = tokio::time::timeout(within, seen).await;
        }
        self.now()
    }
}

struct Lookout<E> {
    engines: E,
    clock: Arc<dyn Clock>,
    told: Arc<watch::Sender<Arc<Detection>>>,
    has_looked: watch::Sender<bool>,
    asked: mpsc::Receiver<oneshot::Sender<()>>,
    /// Who is told when the next look is done.
    waiting: Vec<oneshot::Sender<()>>,
    steady: Steady,
    /// The last pause and what it was for, from which the next one grows.
    pause: Option<(Course, Duration)>,
}

impl<E: Engines> Lookout<E> {
    async fn keep(mut self) {
        loop {
            let marks = self.engines.marks().await;
            while let Ok(asker) = self.asked.try_recv() {
                self.waiting.push(asker);
            }
            let look = self.engines.look().await;
            let told = self.steady.heard(look, Moment { at: Instant::now(), on: self.clock.now() });
            self.tell(told);
            for asker in self.waiting.drain(..) {
                // Whoever has waited long enough is gone.
                let _ = asker.send(());
            }
            self.rest(marks).await;
        }
    }

    fn tell(&self, told: Detection) {
        self.told.send_if_modified(|last| {
            let (is_new, has_changed) = (**last != told, last.state != told.state);
            if has_changed || !*self.has_looked.borrow() {
                tracing::info!("container engine: {}", told.detail);
            }
            if is_new {
                *last = Arc::new(told);
            }
            is_new
        });
        self.has_looked.send_replace(true);
    }

    /// Until it is time to look at all places again.
    async fn rest(&mut self, marks: u64) {
        let course = self.steady.course();
        let pause = next_pause(course, self.pause);
        self.pause = Some((course, pause));
        let engines = &self.engines;
        let missed = async {
            match (course, self.steady.place()) {
                (Course::Works, Some(place)) => until_silent(engines, place).await,
                (Course::Works | Course::Doubted | Course::Returning, _) => std::future::pending().await,
                (Course::Starting | Course::Out, _) => {
                    until_changed(engines, marks).await;
                    false
                }
            }
        };
        let missed = tokio::select! {
            Some(asker) = self.asked.recv() => {
                self.waiting.push(asker);
                false
            }
            missed = missed => missed,
            () = tokio::time::sleep(pause) => false,
        };
        if missed {
            self.steady.missed();
        }
    }
}

/// How long until all places are looked at, where nothing happens before.
fn next_pause(course: Course, last: Option<(Course, Duration)>) -> Duration {
    let growing = |first: Duration, longest: Duration| match last {
        Some((before, pause)) if before == course => (pause * 2).min(longest),
        _ => first,
    };
    match course {
        Course::Works => BETWEEN_LOOKS,
        Course::Doubted => FIRST_WHILE_STARTING,
        Course::Returning => WHILE_RETURNING,
        Course::Starting => growing(FIRST_WHILE_STARTING, LONGEST_WHILE_STARTING),
        Course::Out => growing(FIRST_WHILE_OUT, LONGEST_WHILE_OUT),
    }
}

async fn until_silent(engines: &impl Engines, place: &Endpoint) -> bool {
    loop {
        tokio::time::sleep(BETWEEN_PINGS).await;
        if !engines.answers(place).await {
            return true;
        }
    }
}

async fn until_changed(engines: &impl Engines, marks: u64) {
    loop {
        tokio::time::sleep(BETWEEN_GLANCES).await;
        if engines.marks().await != marks {
            return;
        }
    }
}
