//! The box's own long work, as every tab sees it. Rows outlive the process: a job that was cut off by the end of
//! the box says so after the next start.

use super::open::{State, StateError};
use engine::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

/// Ended ones beyond these are forgotten.
const KEPT: i64 = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// A UUIDv7, as text.
    pub id: String,
    /// What is done: one of web's kinds of jobs.
    pub kind: String,
    /// To what.
    pub subject: String,
    pub stage: String,
    /// In bytes; rows of a move.
    pub done: i64,
    pub total: Option<i64>,
    pub begun_at: i64,
    /// When it last came further.
    pub moved_at: i64,
    pub ended_at: Option<i64>,
    /// `done`, `failed`, `cancelled` or `interrupted`.
    pub outcome: Option<String>,
    pub detail: Option<String>,
}

impl FromRow<'_, SqliteRow> for JobRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            subject: row.try_get("subject")?,
            stage: row.try_get("stage")?,
            done: row.try_get("done")?,
            total: row.try_get("total")?,
            begun_at: row.try_get("begun_at")?,
            moved_at: row.try_get("moved_at")?,
            ended_at: row.try_get("ended_at")?,
            outcome: row.try_get("outcome")?,
            detail: row.try_get("detail")?,
        })
    }
}

impl State {
    pub async fn begin_job(&self, job: &JobRow) -> Result<(), StateError> {
        let statement = "INSERT INTO jobs (id, kind, subject, stage, done, total, begun_at, moved_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(statement)
            .bind(&job.id)
            .bind(&job.kind)
            .bind(&job.subject)
            .bind(&job.stage)
            .bind(job.done)
            .bind(job.total)
            .bind(job.begun_at)
            .bind(job.moved_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// With how far it came, and how it ended.
    pub async fn end_job(&self, job: &JobRow) -> Result<(), StateError> {
        let statement = "UPDATE jobs SET stage = $2, done = $3, total = $4, moved_at = $5, ended_at = $6, \
                         outcome = $7, detail = $8 WHERE id = $1";
        sqlx::query(statement)
            .bind(&job.id)
            .bind(&job.stage)
            .bind(job.done)
            .bind(job.total)
            .bind(job.moved_at)
            .bind(job.ended_at)
            .bind(&job.outcome)
            .bind(&job.detail)
            .execute(&self.pool)
            .await?;
        let old = "DELETE FROM jobs WHERE ended_at IS NOT NULL AND id NOT IN \
                   (SELECT id FROM jobs ORDER BY begun_at DESC LIMIT $1)";
        sqlx::query(old).bind(KEPT).execute(&self.pool).await?;
        Ok(())
    }

    /// Whatever was under way when the box last ended is over; whoever needs it begins anew.
    pub async fn interrupt_jobs(&self, now: Timestamp) -> Result<u64, StateError> {
        let statement = "UPDATE jobs SET ended_at = $1, outcome = 'interrupted', \
                         detail = 'the box ended while this was under way' WHERE ended_at IS NULL";
        Ok(sqlx::query(statement).bind(now.0).execute(&self.pool).await?.rows_affected())
    }

    /// The newest of these was cut off between its deed and its last word.
    pub async fn end_done(&self, kind: &str, subject: &str, now: Timestamp) -> Result<(), StateError> {
        let statement = "UPDATE jobs SET ended_at = $1, moved_at = $1, outcome = 'done' \
                         WHERE ended_at IS NULL AND id = (SELECT id FROM jobs WHERE kind = $2 AND subject = $3 \
                         ORDER BY begun_at DESC, id DESC LIMIT 1)";
        sqlx::query(statement).bind(now.0).bind(kind).bind(subject).execute(&self.pool).await?;
        Ok(())
    }

    /// The newest first.
    pub async fn jobs(&self, most: u32) -> Result<Vec<JobRow>, StateError> {
        let statement = "SELECT id, kind, subject, stage, done, total, begun_at, moved_at, ended_at, \
                         outcome, detail FROM jobs ORDER BY begun_at DESC, id DESC LIMIT $1";
        Ok(sqlx::query_as(statement).bind(most).fetch_all(&self.pool).await?)
    }
}
