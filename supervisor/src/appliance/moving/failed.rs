//! Why a move came to nothing, and how it is told.

use crate::appliance::services::Services;
use crate::jobs::board::{Ended, Job};
use crate::state::open::StateError;
use engine::adapters::sql::export::failure::MoveError;
use engine::ports::error::StoreError;
use std::io;

#[derive(Debug, thiserror::Error)]
pub enum MoveFailed {
    #[error("stopped on the owner's word")]
    Cancelled,
    #[error("the box was stopped")]
    Stopped,
    #[error("PostgreSQL does not come up: {0}")]
    NoDatabase(String),
    #[error("the companion's container does not end; see the system page")]
    StillTalks,
    #[error("somebody else is still at the database that everything is moved from")]
    NotAlone,
    #[error("what was under way did not come to its end in time; try again")]
    StillOpen,
    #[error("the box's own records cannot be written: {0}")]
    Records(#[from] StateError),
    #[error("the store to move from cannot be opened: {0}")]
    Source(StoreError),
    #[error("the store to move to cannot be opened: {0}")]
    Target(StoreError),
    #[error(transparent)]
    Move(#[from] MoveError),
    #[error("where everything is cannot be written down: {0}")]
    Choice(#[from] io::Error),
}

impl Services {
    /// What was to be its new home is let go where it came to nothing.
    pub(super) async fn end_move(&self, job: Job, ended: Result<(), MoveFailed>) {
        match &ended {
            Ok(()) => tracing::info!(service.name = "store", "everything was moved, and was compared"),
            Err(failed) => {
                tracing::error!(service.name = "store", error = %failed, "nothing was moved");
                self.store_goes(None).await;
            }
        }
        let told = job.end(match ended {
            Ok(()) => Ended::Done,
            Err(cancelled @ MoveFailed::Cancelled) => Ended::Cancelled(cancelled.to_string()),
            Err(failed) => Ended::Failed(failed.to_string()),
        });
        if let Err(error) = told.await {
            tracing::warn!(error = %error, "how the move ended cannot be written down");
        }
    }
}
