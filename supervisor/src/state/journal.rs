//! Intents: what the box is about to change in the container engine, on disk before the call is made.
//!
//! After a crash the open ones say what may or may not have happened. They are settled by looking, not by doing
//! them again.

use super::open::{State, StateError};
use engine::domain::time::Timestamp;
use sqlx::Row;
use std::fmt;

/// Ended ones beyond these are forgotten.
const KEPT: i64 = 2_000;

/// Each way in which the box changes something in a container engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Pull,
    Build,
    Load,
    MakeNetwork,
    MakeVolume,
    Create,
    /// A container to a network.
    Join,
    Start,
    Stop,
    Remove,
    RemoveImage,
    RemoveNetwork,
    RemoveVolume,
    /// Everything of the box is gone from there: what `uninstall` says last.
    Leave,
}

impl Step {
    pub const ALL: [Self; 14] = [
        Self::Pull,
        Self::Build,
        Self::Load,
        Self::MakeNetwork,
        Self::MakeVolume,
        Self::Create,
        Self::Join,
        Self::Start,
        Self::Stop,
        Self::Remove,
        Self::RemoveImage,
        Self::RemoveNetwork,
        Self::RemoveVolume,
        Self::Leave,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Build => "build",
            Self::Load => "load",
            Self::MakeNetwork => "make_network",
            Self::MakeVolume => "make_volume",
            Self::Create => "create",
            Self::Join => "join",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Remove => "remove",
            Self::RemoveImage => "remove_image",
            Self::RemoveNetwork => "remove_network",
            Self::RemoveVolume => "remove_volume",
            Self::Leave => "leave",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An intent that was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an intent that is never ended looks like a crash"]
pub struct Intent(i64);

/// One that was begun and not ended: the box, or its engine, went away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub intent: Intent,
    pub step: String,
    pub subject: String,
    pub begun_at: Timestamp,
}

/// What was changed, or was about to be. Times are microseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    pub step: String,
    pub subject: String,
    pub begun_at: i64,
    pub ended_at: Option<i64>,
    pub outcome: Option<String>,
}

impl State {
    /// Returns once it is on disk.
    pub async fn begin(&self, step: Step, subject: &str, now: Timestamp) -> Result<Intent, StateError> {
        // Not with RETURNING: that row comes before the statement is committed, and whoever leaves with it never hears that
        // the disk was full.
        let begun = sqlx::query("INSERT INTO journal (step, subject, begun_at) VALUES ($1, $2, $3)")
            .bind(step.as_str())
            .bind(subject)
            .bind(now.0)
            .execute(&self.pool)
            .await?;
        Ok(Intent(begun.last_insert_rowid()))
    }

    pub async fn end(&self, intent: Intent, outcome: &str, now: Timestamp) -> Result<(), StateError> {
        sqlx::query("UPDATE journal SET ended_at = $2, outcome = $3 WHERE id = $1")
            .bind(intent.0)
            .bind(now.0)
            .bind(outcome)
            .execute(&self.pool)
            .await?;
        sqlx::query("DELETE FROM journal WHERE ended_at IS NOT NULL AND id <= $1 - $2")
            .bind(intent.0)
            .bind(KEPT)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The newest first, ended or not.
    pub async fn newest_intents(&self, most: u32) -> Result<Vec<Past>, StateError> {
        let rows = sqlx::query(
            "SELECT step, subject, begun_at, ended_at, outcome FROM journal ORDER BY id DESC LIMIT $1",
        )
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        let past = rows.iter().map(|row| {
            Ok(Past {
                step: row.try_get("step")?,
                subject: row.try_get("subject")?,
                begun_at: row.try_get("begun_at")?,
                ended_at: row.try_get("ended_at")?,
                outcome: row.try_get("outcome")?,
            })
        });
        past.collect()
    }

    /// Whether everything was removed from the container engine, and nothing was changed there since.
    pub async fn has_left(&self) -> Result<bool, StateError> {
        let statement = "SELECT EXISTS (SELECT 1 FROM journal WHERE id = (SELECT max(id) FROM journal) \
                         AND step = $1 AND outcome = 'done')";
        Ok(sqlx::query_scalar(statement).bind(Step::Leave.as_str()).fetch_one(&self.pool).await?)
    }

    /// Whether it was begun before these records were opened: nobody is at it any more.
    pub fn is_left_over(&self, open: &Open) -> bool {
        open.intent.0 <= self.last_before
    }

    /// Oldest first.
    pub async fn open_intents(&self) -> Result<Vec<Open>, StateError> {
        let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
            "SELECT id, step, subject, begun_at FROM journal WHERE ended_at IS NULL ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        let open =
            |(id, step, subject, at)| Open { intent: Intent(id), step, subject, begun_at: Timestamp(at) };
        Ok(rows.into_iter().map(open).collect())
    }
}
