//! What services in containers said: read when somebody asks, and kept for when nobody can be asked.
//!
//! One reading of a service at a time, however many ask; whoever asks waits no longer than they say, and gets what was
//! kept. A container that is made anew begins a log of its own: what the one before said stays in front of it.

use super::name::ServiceName;
use super::view::ServiceView;
use crate::daemon::connection::Daemon;
use crate::daemon::labels::Labels;
use crate::daemon::spoken::Said;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Lines that are kept of each.
const KEPT: usize = 2_000;
/// For all lines of one reading.
const READING: Duration = Duration::from_secs(5);
/// What was read so lately is read once for all who ask.
const FRESH: Duration = Duration::from_millis(500);

/// Clones share what was kept.
#[derive(Clone)]
pub struct Spoken {
    daemons: watch::Receiver<Option<Daemon>>,
    views: watch::Receiver<Arc<Vec<ServiceView>>>,
    labels: Labels,
    shelves: Arc<BTreeMap<ServiceName, Shelf>>,
    tasks: TaskTracker,
    end: CancellationToken,
}

struct Shelf {
    kept: watch::Sender<Kept>,
    is_reading: AtomicBool,
}

#[derive(Clone, Default)]
struct Kept {
    lines: Arc<Vec<Said>>,
    read_at: Option<Instant>,
}

/// What somebody hears who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub lines: Arc<Vec<Said>>,
    /// Nobody could be asked in time.
    pub is_kept: bool,
}

impl Spoken {
    pub fn new(
        daemons: watch::Receiver<Option<Daemon>>,
        views: watch::Receiver<Arc<Vec<ServiceView>>>,
        labels: Labels,
        tasks: TaskTracker,
        end: CancellationToken,
    ) -> Self {
        let shelf = || Shelf { kept: watch::Sender::default(), is_reading: AtomicBool::new(false) };
        let shelves = ServiceName::ALL.into_iter().map(|name| (name, shelf())).collect();
        Self { daemons, views, labels, shelves: Arc::new(shelves), tasks, end }
    }

    /// Services that run or are wanted in containers.
    pub fn speakers(&self) -> Vec<ServiceName> {
        self.views.borrow().iter().map(|view| view.name).collect()
    }

    /// Oldest first.
    pub async fn of(&self, service: ServiceName, patience: Duration) -> Heard {
        let asked = Instant::now();
        let is_fresh = |kept: &Kept| kept.read_at.is_some_and(|at| at + FRESH > asked);
        let mut kept = self.shelves[&service].kept.subscribe();
        let is_there = is_fresh(&kept.borrow());
        if !is_there {
            self.read(service);
        }
        let is_kept = tokio::time::timeout(patience, kept.wait_for(is_fresh)).await.is_err();
        let lines = Arc::clone(&kept.borrow().lines);
        if lines.is_empty() {
            return Heard { lines: Arc::new(self.last_words(service)), is_kept };
        }
        Heard { lines, is_kept }
    }

    /// In a task of its own: what comes late is there for the next who asks.
    fn read(&self, service: ServiceName) {
        let Some(daemon) = self.daemons.borrow().clone() else { return };
        if self.shelves[&service].is_reading.swap(true, Ordering::AcqRel) {
            return;
        }
        let spoken = self.clone();
        let end = self.end.clone();
        self.tasks.spawn(end.run_until_cancelled_owned(async move {
            let said = daemon.said(service, &spoken.labels, KEPT, READING).await;
            match said {
                Ok(Some(lines)) => spoken.shelves[&service].kept.send_modify(|kept| {
                    kept.lines = Arc::new(joined(&kept.lines, lines));
                    kept.read_at = Some(Instant::now());
                }),
                // Its container is gone: what it said is still worth reading.
                Ok(None) => {}
                Err(trouble) => {
                    tracing::debug!(service.name = service.as_str(), error = %trouble, "what it said cannot be read");
                }
            }
            spoken.shelves[&service].is_reading.store(false, Ordering::Release);
        }));
    }

    /// Before it failed last, as its keeper kept them.
    fn last_words(&self, service: ServiceName) -> Vec<Said> {
        let views = self.views.borrow();
        let view = views.iter().find(|view| view.name == service);
        let lines = view.map(|view| view.last_lines.as_slice()).unwrap_or_default();
        lines.iter().map(|text| Said { at: String::new(), text: text.clone() }).collect()
    }
}

/// What was kept from before the first of these, then these.
fn joined(kept: &[Said], new: Vec<Said>) -> Vec<Said> {
    let before = match new.first() {
        Some(first) => kept.iter().take_while(|line| line.at < first.at).count(),
        None => kept.len(),
    };
    let mut all: Vec<Said> = kept[..before].iter().cloned().chain(new).collect();
    let surplus = all.len().saturating_sub(KEPT);
    all.drain(..surplus);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(numbers: std::ops::Range<usize>) -> Vec<Said> {
        let line = |number: usize| Said { at: format!("{number:06}"), text: number.to_string() };
        numbers.map(line).collect()
    }

    #[test]
    fn what_a_container_said_stays_when_it_is_made_anew() {
        assert_eq!(joined(&[], said(0..3)), said(0..3));
        assert_eq!(joined(&said(0..3), said(1..5)), said(0..5), "its window has moved on");
        assert_eq!(joined(&said(0..3), said(7..9)).len(), 5, "another container");
        assert_eq!(joined(&said(0..3), Vec::new()), said(0..3));
        let all = joined(&said(0..KEPT), said(KEPT..KEPT + 5));
        assert_eq!((all.len(), all[0].text.as_str()), (KEPT, "5"));
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_engine_what_was_kept_is_told_in_time() {
        let name = ServiceName::Redis;
        let view = ServiceView {
            name,
            stage: "parked",
            image: "redis".to_owned(),
            container: None,
            address: None,
            serving_since: None,
            starts: 1,
            trouble: None,
            next_try: None,
            last_lines: vec!["out of memory".to_owned()],
            lacks_card: None,
        };
        let (_daemons, daemons) = watch::channel(None);
        let (_views, views) = watch::channel(Arc::new(vec![view]));
        let spoken =
            Spoken::new(daemons, views, Labels::new("1"), TaskTracker::new(), CancellationToken::new());
        let begun = Instant::now();
        let heard = spoken.of(name, Duration::from_millis(200)).await;
        assert_eq!(begun.elapsed(), Duration::from_millis(200));
        assert!(heard.is_kept && heard.lines[0].text == "out of memory", "{heard:?}");
        assert_eq!(spoken.speakers(), [name]);
    }
}
