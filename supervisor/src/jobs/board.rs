//! What is under way, the same for every tab, and how it ended.
//!
//! How far a job is lives in memory; that it was begun and how it ended is on disk.

use crate::services::fault::{Fault, Trouble};
use crate::state::jobs::JobRow;
use crate::state::open::{State, StateError};
use engine::ports::clock::Clock;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub struct Board {
    state: State,
    clock: Arc<dyn Clock>,
    live: watch::Sender<BTreeMap<String, Live>>,
}

#[derive(Clone)]
struct Live {
    row: JobRow,
    cancel: CancellationToken,
}

/// One piece of work, in the hands of whoever does it.
pub struct Job {
    board: Arc<Board>,
    id: String,
    cancel: CancellationToken,
}

/// How a piece of work ended.
#[derive(Debug)]
pub enum Ended {
    Done,
    /// By whom.
    Cancelled(String),
    Failed(String),
}

impl<T> From<&Result<T, Trouble>> for Ended {
    fn from(how: &Result<T, Trouble>) -> Self {
        match how {
            Ok(_) => Self::Done,
            Err(trouble) if trouble.fault == Fault::Cancelled => Self::Cancelled(trouble.to_string()),
            Err(trouble) => Self::Failed(trouble.to_string()),
        }
    }
}

impl Board {
    /// What was under way when the box last ended is over.
    pub async fn open(state: State, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StateError> {
        state.interrupt_jobs(clock.now()).await?;
        Ok(Arc::new(Self { state, clock, live: watch::Sender::default() }))
    }

    /// For a command beside a box that may run: what is under way there is not its business.
    pub fn beside(state: State, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { state, clock, live: watch::Sender::default() })
    }

    pub async fn begin(self: &Arc<Self>, kind: &str, subject: &str, stage: &str) -> Result<Job, StateError> {
        let (now, id) = (self.clock.now().0, self.clock.new_id().to_string());
        let row = JobRow {
            id: id.clone(),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            stage: stage.to_owned(),
            done: 0,
            total: None,
            begun_at: now,
            moved_at: now,
            ended_at: None,
            outcome: None,
            detail: None,
        };
        self.state.begin_job(&row).await?;
        let cancel = CancellationToken::new();
        let live = Live { row, cancel: cancel.clone() };
        self.live.send_modify(|all| drop(all.insert(id.clone(), live)));
        Ok(Job { board: Arc::clone(self), id, cancel })
    }

    /// Those under way first, then the newest that ended.
    pub async fn all(&self, most: u32) -> Result<Vec<JobRow>, StateError> {
        let live = self.live();
        let stored = self.state.jobs(most).await?;
        let ended = stored.into_iter().filter(|row| row.ended_at.is_some());
        Ok(live.into_iter().chain(ended).take(most as usize).collect())
    }

    /// Those under way.
    pub fn live(&self) -> Vec<JobRow> {
        self.live.borrow().values().map(|live| live.row.clone()).collect()
    }

    /// Whether there was such a job to cancel. It ends a moment later.
    pub fn cancel(&self, id: &str) -> bool {
        let live = self.live.borrow();
        let found = live.get(id);
        found.inspect(|live| live.cancel.cancel()).is_some()
    }
}

impl Job {
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whoever works stops when this is cancelled.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    pub fn says(&self, stage: &str, done: u64, total: Option<u64>) {
        let now = self.board.clock.now().0;
        self.board.live.send_if_modified(|all| {
            let Some(live) = all.get_mut(&self.id) else { return false };
            let row = &mut live.row;
            let before = (row.stage.clone(), row.done, row.total);
            stage.clone_into(&mut row.stage);
            row.done = i64::try_from(done).unwrap_or(i64::MAX);
            row.total = total.and_then(|total| i64::try_from(total).ok());
            let has_moved = before != (row.stage.clone(), row.done, row.total);
            if has_moved {
                row.moved_at = now;
            }
            has_moved
        });
    }

    pub async fn end(self, how: Ended) -> Result<(), StateError> {
        let now = self.board.clock.now().0;
        let mut ended = None;
        self.board.live.send_modify(|all| ended = all.remove(&self.id));
        let Some(Live { mut row, .. }) = ended else { return Ok(()) };
        row.ended_at = Some(now);
        row.moved_at = now;
        let (outcome, detail) = match how {
            Ended::Done => ("done", None),
            Ended::Cancelled(by) => ("cancelled", Some(by)),
            Ended::Failed(why) => ("failed", Some(why)),
        };
        row.outcome = Some(outcome.to_owned());
        row.detail = detail;
        self.board.state.end_job(&row).await
    }
}
