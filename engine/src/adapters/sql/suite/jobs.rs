//! Background jobs: once per subject, one worker each, fenced from the rest.

use super::harness::Bench;
use crate::adapters::sql::store::SqlStore;
use crate::domain::ids::TenantId;
use crate::domain::job::{Job, JobState};
use crate::domain::time::Timestamp;
use crate::ports::error::StoreError;
use crate::ports::housekeeping::Jobs;
use std::collections::HashSet;
use std::time::Duration;

on_both_stores! {
    a_waiting_job_is_enqueued_once,
    racing_workers_never_share_a_job,
    the_oldest_due_job_of_the_wanted_kinds_is_taken,
    a_job_whose_lease_ended_is_taken_over_and_its_first_worker_fenced,
    a_cancelled_job_fences_its_worker,
    a_job_waits_until_it_is_tried_again,
    a_job_asked_for_again_meanwhile_is_left_to_the_newer_one,
    a_failed_job_says_why,
}

const KIND: &str = "write_title";

fn job(bench: &Bench, tenant: TenantId, kind: &str, subject: &str) -> Job {
    bench.clock.advance(Duration::from_millis(1));
    Job {
        id: bench.id(),
        tenant,
        kind: kind.into(),
        subject: subject.into(),
        payload: "{}".into(),
        state: JobState::Waiting,
        stage: String::new(),
        progress_permille: 0,
        tries: 0,
        fence: 0,
        lease_until: Timestamp(0),
        not_before: bench.now(),
        error: None,
        created_at: bench.now(),
        finished_at: None,
    }
}

async fn enqueued(bench: &Bench, tenant: TenantId, subject: &str) -> Job {
    let job = job(bench, tenant, KIND, subject);
    assert!(bench.store.enqueue(&job).await.expect("a job is enqueued"));
    job
}

fn in_a_minute(bench: &Bench) -> Timestamp {
    bench.now().plus(Duration::from_mins(1))
}

async fn claimed(bench: &Bench) -> Option<Job> {
    bench.store.claim(&[KIND], bench.now(), in_a_minute(bench)).await.expect("a claim")
}

async fn only(bench: &Bench, tenant: TenantId) -> Job {
    let mut jobs = Jobs::list(&bench.store, tenant, 10).await.expect("a list");
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

async fn a_waiting_job_is_enqueued_once(bench: &Bench) {
    let tenant = bench.id();
    enqueued(bench, tenant, "a").await;
    assert!(!bench.store.enqueue(&job(bench, tenant, KIND, "a")).await.expect("it waits already"));
    enqueued(bench, tenant, "b").await;
    enqueued(bench, bench.id(), "a").await;
    assert_eq!(claimed(bench).await.expect("a job is due").subject, "a");
    enqueued(bench, tenant, "a").await;
}

async fn racing_workers_never_share_a_job(bench: &Bench) {
    let tenant = bench.id();
    for n in 0..20 {
        enqueued(bench, tenant, &n.to_string()).await;
    }
    let (now, until) = (bench.now(), in_a_minute(bench));
    let worker = |store: SqlStore| async move {
        let mut taken = Vec::new();
        while let Some(job) = store.claim(&[KIND], now, until).await.expect("a claim") {
            taken.push(job.id);
        }
        taken
    };
    let workers = [0; 6].map(|_| bench.tasks.spawn(worker(bench.store.clone())));
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.expect("the worker ends"));
    }
    assert_eq!(taken.len(), 20);
    assert_eq!(taken.into_iter().collect::<HashSet<_>>().len(), 20);
}

async fn the_oldest_due_job_of_the_wanted_kinds_is_taken(bench: &Bench) {
    let tenant = bench.id();
    let other = job(bench, tenant, "embed", "a");
    bench.store.enqueue(&other).await.expect("a job is enqueued");
    let mut later = job(bench, tenant, KIND, "a");
    later.not_before = in_a_minute(bench);
    bench.store.enqueue(&later).await.expect("a job is enqueued");
    let due = enqueued(bench, tenant, "b").await;

    assert!(bench.store.claim(&[], bench.now(), in_a_minute(bench)).await.expect("a claim").is_none());
    let taken = claimed(bench).await.expect("one is due");
    let until = in_a_minute(bench);
    let expected = Job { state: JobState::Running, tries: 1, fence: 1, lease_until: until, ..due };
    assert_eq!(taken, expected);
    assert_eq!(claimed(bench).await, None);
    let both = bench.store.claim(&[KIND, "embed"], bench.now(), until).await.expect("a claim");
    assert_eq!(both.map(|job| job.id), Some(other.id));
}

async fn a_job_whose_lease_ended_is_taken_over_and_its_first_worker_fenced(bench: &Bench) {
    let tenant = bench.id();
    enqueued(bench, tenant, "a").await;
    let mut first = claimed(bench).await.expect("one is due");
    first.stage = "reading".into();
    bench.store.report(&first, in_a_minute(bench)).await.expect("the worker holds it");
    assert_eq!(claimed(bench).await, None);

    bench.clock.advance(Duration::from_secs(61));
    let second = claimed(bench).await.expect("its lease has ended");
    assert_eq!((second.fence, second.tries, second.stage.as_str()), (2, 2, "reading"));
    for refused in [
        bench.store.report(&first, in_a_minute(bench)).await,
        Jobs::finish(&bench.store, &first, bench.now()).await,
        bench.store.retry(&first, "x", bench.now()).await,
        bench.store.fail(&first, "x", bench.now()).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    }
    Jobs::finish(&bench.store, &second, bench.now()).await.expect("the second worker finishes");
    let done = only(bench, tenant).await;
    assert_eq!((done.state, done.progress_permille), (JobState::Done, 1000));
    assert_eq!(done.finished_at, Some(bench.now()));
}

async fn a_cancelled_job_fences_its_worker(bench: &Bench) {
    let tenant = bench.id();
    let job = enqueued(bench, tenant, "a").await;
    let running = claimed(bench).await.expect("one is due");
    assert!(!bench.store.cancel(bench.id(), job.id, bench.now()).await.expect("another tenant's"));
    assert!(bench.store.cancel(tenant, job.id, bench.now()).await.expect("a job is cancelled"));
    assert!(!bench.store.cancel(tenant, job.id, bench.now()).await.expect("cancelled already"));
    let refused = bench.store.report(&running, in_a_minute(bench)).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    assert_eq!(only(bench, tenant).await.state, JobState::Cancelled);
    assert_eq!(Jobs::list(&bench.store, bench.id(), 9).await.expect("another tenant's list"), []);
}

async fn a_job_waits_until_it_is_tried_again(bench: &Bench) {
    let tenant = bench.id();
    enqueued(bench, tenant, "a").await;
    let first = claimed(bench).await.expect("one is due");
    bench.store.retry(&first, "the model rests", in_a_minute(bench)).await.expect("it goes back");
    assert_eq!(claimed(bench).await, None);
    bench.clock.advance(Duration::from_mins(1));
    let second = claimed(bench).await.expect("it is due again");
    assert_eq!((second.tries, second.error.as_deref()), (2, Some("the model rests")));
}

async fn a_job_asked_for_again_meanwhile_is_left_to_the_newer_one(bench: &Bench) {
    let tenant = bench.id();
    let first = enqueued(bench, tenant, "a").await;
    let running = claimed(bench).await.expect("one is due");
    let second = enqueued(bench, tenant, "a").await;
    bench.store.retry(&running, "the model rests", bench.now()).await.expect("it goes back");
    let jobs = Jobs::list(&bench.store, tenant, 10).await.expect("a list");
    let states: Vec<_> = jobs.iter().map(|job| (job.id, job.state)).collect();
    assert_eq!(states, [(second.id, JobState::Waiting), (first.id, JobState::Cancelled)]);
}

async fn a_failed_job_says_why(bench: &Bench) {
    let tenant = bench.id();
    enqueued(bench, tenant, "a").await;
    let running = claimed(bench).await.expect("one is due");
    bench.store.fail(&running, "no model is connected", bench.now()).await.expect("it fails");
    let failed = only(bench, tenant).await;
    assert_eq!((failed.state, failed.error.as_deref()), (JobState::Failed, Some("no model is connected")));
    bench.clock.advance(Duration::from_mins(10));
    assert_eq!(claimed(bench).await, None, "a failed job is over");
}
