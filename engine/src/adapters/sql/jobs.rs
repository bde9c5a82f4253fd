//! Background jobs in SQL: enqueued once per subject, claimed by one worker, fenced from the rest.

use super::query::{Query, Row, assembled, places, sql};
use super::store::SqlStore;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{Job, JobState};
use crate::domain::time::Timestamp;
use crate::ports::error::{StoreError, Stored};
use crate::ports::housekeeping::Jobs;
use async_trait::async_trait;

/// The statement that enqueues; it changes no row where such a job waits already.
pub(super) fn insert_job(job: &Job) -> Query {
    sql("INSERT INTO jobs
         (id, tenant_id, kind, subject, payload, state, stage, progress_permille, tries, fence, lease_until,
          not_before, error, created_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (tenant_id, kind, subject) WHERE state = 'waiting' DO NOTHING")
    .bind(job.id)
    .bind(job.tenant)
    .bind(&job.kind)
    .bind(&job.subject)
    .bind(&job.payload)
    .bind(job.state)
    .bind(&job.stage)
    .bind(job.progress_permille)
    .bind(job.tries)
    .bind(job.fence)
    .bind(job.lease_until)
    .bind(job.not_before)
    .bind(job.error.clone())
    .bind(job.created_at)
    .bind(job.finished_at)
}

#[async_trait]
impl Jobs for SqlStore {
    async fn enqueue(&self, job: &Job) -> Stored<bool> {
        Ok(self.db.run(insert_job(job)).await.map_err(|error| error.taken("this job"))? == 1)
    }

    async fn claim(&self, kinds: &[&str], now: Timestamp, until: Timestamp) -> Stored<Option<Job>> {
        if kinds.is_empty() {
            return Ok(None);
        }
        let skip_claimed = self.db.dialect().pick("", "FOR UPDATE SKIP LOCKED");
        let mut claim = assembled(format!(
            "UPDATE jobs SET state = 'running', fence = fence + 1, tries = tries + 1, lease_until = $2
             WHERE id = (
                 SELECT id FROM jobs
                 WHERE kind IN ({}) AND state IN ('waiting', 'running')
                   AND ((state = 'waiting' AND not_before <= $1)
                     OR (state = 'running' AND lease_until <= $1))
                 ORDER BY created_at, id LIMIT 1 {skip_claimed})
             RETURNING *",
            places(3, kinds.len())
        ))
        .bind(now)
        .bind(until);
        for kind in kinds {
            claim = claim.bind(*kind);
        }
        self.db.run_returning(claim).await?.map(|row| job(&row)).transpose()
    }

    async fn report(&self, job: &Job, until: Timestamp) -> Stored<()> {
        let update = sql("UPDATE jobs SET stage = $4, progress_permille = $5, lease_until = $6
             WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'")
        .bind(job.tenant)
        .bind(job.id)
        .bind(job.fence)
        .bind(&job.stage)
        .bind(job.progress_permille)
        .bind(until);
        held(self.db.run(update).await?)
    }

    async fn finish(&self, job: &Job, at: Timestamp) -> Stored<()> {
        let update = sql("UPDATE jobs
             SET state = 'done', stage = $4, progress_permille = 1000, error = NULL, finished_at = $5
             WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'")
        .bind(job.tenant)
        .bind(job.id)
        .bind(job.fence)
        .bind(&job.stage)
        .bind(at);
        held(self.db.run(update).await?)
    }

    async fn retry(&self, job: &Job, error: &str, not_before: Timestamp) -> Stored<()> {
        let wait = sql("UPDATE jobs SET state = 'waiting', error = $4, not_before = $5
             WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'")
        .bind(job.tenant)
        .bind(job.id)
        .bind(job.fence)
        .bind(error)
        .bind(not_before);
        match self.db.run(wait).await {
            // The same work was asked for again meanwhile: the newer job does it.
            Err(StoreError::Conflict { .. }) => {
                held(self.db.run(end(job, JobState::Cancelled, error, not_before)).await?)
            }
            outcome => held(outcome?),
        }
    }

    async fn fail(&self, job: &Job, error: &str, at: Timestamp) -> Stored<()> {
        held(self.db.run(end(job, JobState::Failed, error, at)).await?)
    }

    async fn cancel(&self, tenant: TenantId, id: JobId, at: Timestamp) -> Stored<bool> {
        let update = sql("UPDATE jobs SET state = 'cancelled', finished_at = $3
             WHERE tenant_id = $1 AND id = $2 AND state IN ('waiting', 'running')")
        .bind(tenant)
        .bind(id)
        .bind(at);
        Ok(self.db.run(update).await? == 1)
    }

    async fn list(&self, tenant: TenantId, limit: i64) -> Stored<Vec<Job>> {
        let list = sql("SELECT * FROM jobs WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2")
            .bind(tenant)
            .bind(limit);
        self.db.all(list).await?.iter().map(job).collect()
    }
}

fn end(job: &Job, state: JobState, error: &str, at: Timestamp) -> Query {
    sql("UPDATE jobs SET state = $4, stage = $5, error = $6, finished_at = $7
         WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'")
    .bind(job.tenant)
    .bind(job.id)
    .bind(job.fence)
    .bind(state)
    .bind(&job.stage)
    .bind(error)
    .bind(at)
}

fn held(changed: u64) -> Stored<()> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Fenced { what: "this job" }) }
}

fn job(row: &Row) -> Stored<Job> {
    Ok(Job {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        payload: row.get("payload")?,
        state: row.get("state")?,
        stage: row.get("stage")?,
        progress_permille: row.get("progress_permille")?,
        tries: row.get("tries")?,
        fence: row.get("fence")?,
        lease_until: row.get("lease_until")?,
        not_before: row.get("not_before")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
    })
}
