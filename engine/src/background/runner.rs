//! Claims jobs, as many at a time as there are workers, and sweeps. Whatever runs several engines runs several of these: the
//! leases see to it that each job is done once.

use crate::companions::conversations::ConversationDesk;
use crate::conversation::summary::{self, Summariser, SummaryError};
use crate::domain::job::Job;
use crate::people::erasure::{self, Eraser, ErasureError};
use crate::ports::access::Sessions;
use crate::ports::attachments::Attachments;
use crate::ports::cache::Cache;
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use crate::ports::housekeeping::{Inbox, Jobs};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const KINDS: &[&str] = &[summary::KIND, erasure::KIND];
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longer than any job may take between two reports.
const JOB_LEASE: Duration = Duration::from_secs(300);
const MOST_TRIES: i64 = 5;
/// Platforms deliver again within hours, not weeks.
const INBOX_KEEPS: Duration = Duration::from_secs(14 * 24 * 3600);

pub struct Background {
    pub jobs: Arc<dyn Jobs>,
    pub sessions: Arc<dyn Sessions>,
    pub inbox: Arc<dyn Inbox>,
    pub attachments: Arc<dyn Attachments>,
    pub conversations: ConversationDesk,
    pub cache: Arc<dyn Cache>,
    pub clock: Arc<dyn Clock>,
    pub summariser: Summariser,
    pub eraser: Eraser,
    pub upload_max_age: Duration,
    pub cleanup_every: Duration,
}

#[derive(Clone, Copy)]
enum Deed {
    Work,
    Sweep,
}

/// What to do with a job that did not end well.
enum Verdict {
    Retry(String),
    GiveUp(String),
}

impl Background {
    /// Starts one loop for the sweeps and `workers` for jobs.
    pub fn start(self, workers: usize, tasks: &TaskTracker, stop: &CancellationToken) {
        let this = Arc::new(self);
        for _ in 0..workers {
            tasks.spawn(Arc::clone(&this).regularly(Deed::Work, LOOK_EVERY, stop.clone()));
        }
        let every = this.cleanup_every;
        tasks.spawn(this.regularly(Deed::Sweep, every, stop.clone()));
    }

    /// Does it again and again until told to stop, in the middle of it if need be.
    async fn regularly(self: Arc<Self>, deed: Deed, every: Duration, stop: CancellationToken) {
        let mut due = tokio::time::interval(every);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            let done = async {
                due.tick().await;
                match deed {
                    Deed::Work => self.work().await,
                    Deed::Sweep => self.sweep().await,
                }
            };
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = done => done,
            };
            match done {
                Ok(()) => failing = false,
                // Said once, not at every turn of the loop.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(error = %error, "background work cannot go on: {error}");
                }
                Err(_) => {}
            }
        }
    }

    /// Everything that is due. Dropped in the middle of a job, the lease ends and the job is done again.
    async fn work(&self) -> Stored<()> {
        loop {
            let now = self.clock.now();
            let Some(job) = self.jobs.claim(KINDS, now, now.plus(JOB_LEASE)).await? else { return Ok(()) };
            let outcome = self.perform(&job).await;
            let at = self.clock.now();
            let ended = match outcome {
                Ok(()) => self.jobs.finish(&job, at).await,
                Err(Verdict::Retry(reason)) if job.tries < MOST_TRIES => {
                    let pause = Duration::from_secs(10 << job.tries.clamp(0, 8));
                    self.jobs.retry(&job, &reason, at.plus(pause)).await
                }
                Err(Verdict::Retry(reason) | Verdict::GiveUp(reason)) => {
                    tracing::warn!(job.id = %job.id, job.name = %job.kind, "job {} failed: {reason}", job.kind);
                    self.jobs.fail(&job, &reason, at).await
                }
            };
            match ended {
                // Cancelled, or somebody else's by now.
                Ok(()) | Err(StoreError::Fenced { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn perform(&self, job: &Job) -> Result<(), Verdict> {
        match job.kind.as_str() {
            summary::KIND => self.summariser.run(job).await.map_err(|error| match error {
                SummaryError::Payload(error) => Verdict::GiveUp(error.to_string()),
                SummaryError::Store(error) => Verdict::Retry(error.to_string()),
                SummaryError::Model(error) => Verdict::Retry(error.to_string()),
            }),
            erasure::KIND => self.eraser.run(job).await.map_err(|error| match error {
                ErasureError::Payload(_) | ErasureError::LastOwner => Verdict::GiveUp(error.to_string()),
                ErasureError::SomethingLeft | ErasureError::Store(_) => Verdict::Retry(error.to_string()),
            }),
            other => Err(Verdict::GiveUp(format!("nobody knows how to do `{other}`"))),
        }
    }

    async fn sweep(&self) -> Stored<()> {
        let now = self.clock.now();
        self.sessions.sweep(now).await?;
        self.inbox.sweep(now.minus(INBOX_KEEPS)).await?;
        // A cache that can outlive the process is written down now and then, not only at the end.
        if let Err(error) = self.cache.flush().await {
            tracing::warn!(error = %error, "the cache was not written down");
        }
        let uploads = self.attachments.sweep(now.minus(self.upload_max_age)).await?;
        let conversations = self.conversations.delete_removed().await?;
        if conversations > 0 {
            tracing::info!(
                conversations,
                "deleted {conversations} conversations that were removed a week ago"
            );
        }
        if uploads > 0 {
            tracing::info!(uploads, "swept {uploads} uploads that were never finished");
        }
        Ok(())
    }
}
