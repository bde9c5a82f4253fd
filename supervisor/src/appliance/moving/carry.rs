//! The copy itself, while nobody is at the Store.

use super::failed::MoveFailed;
use super::wish::Ready;
use crate::appliance::state::Appliance;
use crate::appliance::store;
use crate::config::chosen;
use crate::config::data_dir::settle;
use crate::config::load::Config;
use crate::jobs::board::Job;
use crate::state::choices::Home;
use engine::adapters::sql::export::aside::{rows, set_aside};
use engine::adapters::sql::export::load::empty;
use engine::adapters::sql::export::moving::move_store;
use engine::adapters::sql::migrate::SchemaPolicy;
use engine::adapters::sql::store::SqlStore;
use engine::ports::clock::Clock;
use engine::ports::store::StoreHealth;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Appliance {
    /// `is_closed`: our own engine has let go of the Store, or never had it. Whether it has moved.
    pub async fn carry(&self, ready: Ready, clock: &Arc<dyn Clock>, is_closed: bool) -> bool {
        let Ready { to, job } = ready;
        let carried = if is_closed { carry(self, to, &job, clock).await } else { Err(MoveFailed::StillOpen) };
        let has_moved = carried.is_ok();
        if has_moved {
            self.moves().is_done();
        }
        self.services().end_move(job, carried).await;
        has_moved
    }
}

async fn carry(appliance: &Appliance, to: Home, job: &Job, clock: &Arc<dyn Clock>) -> Result<(), MoveFailed> {
    let (config, backing) = (appliance.config(), appliance.services().backing());
    let file = store::own_file(config);
    let database = backing.database().map(|at| store::own_database(config, &backing, at));
    let (from, into) = match to {
        Home::Container => (Ok(file), database),
        Home::Native => (database, Ok(file)),
    };
    let (from, into) = (from.map_err(MoveFailed::Source)?, into.map_err(MoveFailed::Target)?);
    let tasks = TaskTracker::new();
    let from = SqlStore::open(&from, &SchemaPolicy::Require, Arc::clone(clock), &tasks).await;
    let from = from.map_err(MoveFailed::Source)?;
    let into = SqlStore::open(&into, &store::may_migrate(config, clock), Arc::clone(clock), &tasks).await;
    let copied = match into {
        Ok(into) => {
            let copied = Box::pin(copy_or_stop(config, &from, &into, job)).await;
            into.close().await;
            copied
        }
        Err(error) => Err(MoveFailed::Target(error)),
    };
    // However it went: what is left open would keep the file from being whole.
    from.close().await;
    tasks.close();
    tasks.wait().await;
    copied?;
    if let Err(error) = chosen::store(&config.data_dir, to) {
        // What the file says is what the next start does.
        if chosen::says(&config.data_dir) != to {
            return Err(error.into());
        }
        tracing::warn!(error = %error, "where everything is was written down, and may not outlive the power");
    }
    if to == Home::Container {
        put_away(config, clock.now().0);
    }
    Ok(())
}

async fn copy_or_stop(
    config: &Config,
    from: &SqlStore,
    into: &SqlStore,
    job: &Job,
) -> Result<(), MoveFailed> {
    tokio::select! {
        copied = copy(config, from, into, job) => copied,
        () = job.cancel().cancelled() => {
            // A part of everything is nothing that anybody wants to keep.
            empty(into).await?;
            Err(MoveFailed::Cancelled)
        }
    }
}

async fn copy(config: &Config, from: &SqlStore, into: &SqlStore, job: &Job) -> Result<(), MoveFailed> {
    wait_alone(from).await?;
    // Where it goes may hold what an earlier move left behind. The truth is where it comes from.
    if let Some(file) = set_aside(into, &config.data_dir.backups()).await? {
        tracing::info!("what an earlier move left there is kept in {}", file.display());
    }
    let all = rows(from).await.map_err(MoveFailed::Source)?;
    move_store(from, into, |told| job.says("copying", told.rows, Some(all))).await?;
    Ok(())
}

/// A probe comes and goes; another engine stays.
async fn wait_alone(from: &SqlStore) -> Result<(), MoveFailed> {
    for _ in 0..LOOKS {
        if from.is_alone().await.map_err(MoveFailed::Source)? {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(MoveFailed::NotAlone)
}

/// The file that was moved from: out of the way, so that nobody takes it for the Store.
fn put_away(config: &Config, now: i64) {
    let file = config.data_dir.database_file();
    let kept = config.data_dir.backups().join(format!("moved-away-{now}.db"));
    // What is not in the file yet would not be in what is kept.
    let is_whole = if file.with_extension("db-wal").exists() {
        Err(std::io::Error::other("it was not closed in order"))
    } else {
        Ok(())
    };
    match is_whole.and_then(|()| std::fs::rename(&file, &kept)).and_then(|()| settle(&kept)) {
        Ok(()) => tracing::info!("the file that was moved from is kept as {}", kept.display()),
        Err(error) => tracing::warn!(error = %error, "the file that was moved from stays where it is"),
    }
}
