//! Moving the Store while the box runs: from its own file into a PostgreSQL of its own, or back.
//!
//! First all that is needed is brought up, and the companion goes on talking. Then the engine lets go, everything is
//! copied and compared, and one file says where the Store is from then on; the box starts again there. Whatever fails
//! or is killed before that file is written leaves the Store where it was.

use super::services::Services;
use super::state::Appliance;
use super::store;
use crate::config::areas::{Database, Runtime};
use crate::config::chosen;
use crate::config::data_dir::settle;
use crate::config::load::Config;
use crate::jobs::board::{Ended, Job};
use crate::services::fault::Remedy;
use crate::services::name::ServiceName;
use crate::services::upkeep::Stage;
use crate::state::choices::Home;
use crate::state::open::StateError;
use engine::adapters::sql::export::aside::{rows, set_aside};
use engine::adapters::sql::export::failure::MoveError;
use engine::adapters::sql::export::moving::move_store;
use engine::adapters::sql::migrate::SchemaPolicy;
use engine::adapters::sql::store::SqlStore;
use engine::ports::clock::Clock;
use engine::ports::error::StoreError;
use engine::ports::store::StoreHealth;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// Of the job, as the pages know it.
pub const KIND: &str = "move";
const SUBJECT: &str = "store";
/// Nobody who asks for a move waits longer for the first look at container engines.
const LOOK: Duration = Duration::from_millis(250);
/// Its grace, and what a busy engine of containers needs to take it away.
const COMPANION_ENDS: Duration = Duration::from_secs(60);
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What its owner wished, until it is done or has come to nothing.
#[derive(Debug, Default)]
pub struct Moves(watch::Sender<Option<Home>>);

/// All that a move needs is there.
pub struct Ready {
    pub to: Home,
    job: Job,
}

#[derive(Debug, thiserror::Error)]
pub enum MoveRefused {
    #[error("everything is being moved already; the system page shows how far it is")]
    UnderWay,
    #[error("everything is there already")]
    IsThere,
    #[error("the configuration says where everything is kept (database.*), so it is changed there")]
    Configured,
    #[error("the box was started to run everything in its own process (--runtime native)")]
    Native,
    #[error("no container engine is ready: {0}")]
    NoEngine(String),
}

/// Why a move came to nothing.
#[derive(Debug, thiserror::Error)]
enum MoveFailed {
    #[error("stopped on the owner's word")]
    Cancelled,
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

/// Where the Store is, of the places that a move knows.
pub fn home(config: &Config) -> Option<Home> {
    match config.database {
        Database::Sqlite { .. } => Some(Home::Native),
        Database::Ours { .. } => Some(Home::Container),
        Database::Postgres(_) => None,
    }
}

/// Whether its owner may have the Store moved at all.
pub fn is_free(config: &Config) -> Result<(), MoveRefused> {
    match home(config) {
        _ if config.runtime == Runtime::Native => Err(MoveRefused::Native),
        Some(_) if chosen::is_free(config) => Ok(()),
        _ => Err(MoveRefused::Configured),
    }
}

impl Appliance {
    /// Begins; a job tells the rest.
    pub async fn move_store(&self, to: Home) -> Result<(), MoveRefused> {
        is_free(self.config())?;
        if home(self.config()) == Some(to) {
            return Err(MoveRefused::IsThere);
        }
        if to == Home::Container {
            let found = self.containers().first_look(LOOK).await;
            if !found.state.works() {
                return Err(MoveRefused::NoEngine(found.detail.clone()));
            }
        }
        let is_new = self.moves().0.send_if_modified(|wish| wish.is_none() && wish.insert(to) == &to);
        if is_new { Ok(()) } else { Err(MoveRefused::UnderWay) }
    }

    /// Waits for that wish, and until all that it needs is there. Whatever does not come ends the wish, and is told.
    pub async fn ready_to_move(&self) -> Ready {
        let mut wishes = self.moves().0.subscribe();
        loop {
            let wish = wishes.wait_for(Option::is_some).await.map(|wish| *wish);
            let Ok(Some(to)) = wish else { return std::future::pending().await };
            match prepare(self.services(), to).await {
                Ok(job) => return Ready { to, job },
                Err(failed) => tracing::warn!(error = %failed, "the store is not moved"),
            }
            self.moves().0.send_replace(None);
        }
    }

    /// Nobody may be at the Store meanwhile: `is_closed` is whether our own engine let go of it. Whether it has moved.
    pub async fn carry(&self, ready: Ready, clock: &Arc<dyn Clock>, is_closed: bool) -> bool {
        let Ready { to, job } = ready;
        let carried = if is_closed {
            tokio::select! {
                carried = Box::pin(carry(self, to, &job, clock)) => carried,
                () = job.cancel().cancelled() => Err(MoveFailed::Cancelled),
            }
        } else {
            Err(MoveFailed::StillOpen)
        };
        match &carried {
            Ok(()) => tracing::info!(service.name = "store", "everything was moved, and was compared"),
            Err(failed) => tracing::error!(service.name = "store", error = %failed, "nothing was moved"),
        }
        let has_moved = carried.is_ok();
        if let Err(error) = end(self.services(), job, carried.as_ref().err()).await {
            tracing::warn!(error = %error, "how the move ended cannot be written down");
        }
        self.moves().0.send_replace(None);
        has_moved
    }
}

/// Brings up what the Store is to move into; or ends the companion's container, which writes into what it leaves.
async fn prepare(services: &Services, to: Home) -> Result<Job, MoveFailed> {
    let job = services.board.begin(KIND, SUBJECT, "preparing").await?;
    let prepared = async {
        match to {
            Home::Container => {
                // Whatever a volume held before, the truth is not in it.
                services.state.forget_volume(ServiceName::Postgres).await?;
                services.store_goes(Some(to)).await;
                database_serves(services).await
            }
            Home::Native => {
                services.store_goes(Some(to)).await;
                companion_is_gone(services).await?;
                database_serves(services).await
            }
        }
    };
    let there = tokio::select! {
        there = prepared => there,
        () = job.cancel().cancelled() => Err(MoveFailed::Cancelled),
    };
    match there {
        Ok(()) => Ok(job),
        Err(failed) => {
            end(services, job, Some(&failed)).await?;
            Err(failed)
        }
    }
}

/// Until it does, or was given up.
async fn database_serves(services: &Services) -> Result<(), MoveFailed> {
    let mut told = services.told.clone();
    loop {
        if told.reach.borrow_and_update().contains_key(&ServiceName::Postgres) {
            return Ok(());
        }
        let views = told.views.borrow_and_update().clone();
        let view = views.iter().find(|view| view.name == ServiceName::Postgres);
        let trouble = view.and_then(|view| Some((view.stage, view.trouble.as_ref()?)));
        if let Some((stage, trouble)) = trouble
            && (stage == Stage::Parked.as_str() || trouble.fault.remedy() == Remedy::Rest)
        {
            return Err(MoveFailed::NoDatabase(trouble.to_string()));
        }
        let changed = tokio::select! {
            changed = told.reach.changed() => changed,
            changed = told.views.changed() => changed,
        };
        if changed.is_err() {
            return Err(MoveFailed::NoDatabase("the box is stopping".to_owned()));
        }
    }
}

/// Until no container of it is kept any more. That nobody else is at the database is seen there, before the copy.
async fn companion_is_gone(services: &Services) -> Result<(), MoveFailed> {
    let mut views = services.told.views.clone();
    let gone = views.wait_for(|views| views.iter().all(|view| view.name != ServiceName::Engine));
    match tokio::time::timeout(COMPANION_ENDS, gone).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(MoveFailed::StillTalks),
    }
}

async fn end(services: &Services, job: Job, failed: Option<&MoveFailed>) -> Result<(), StateError> {
    if failed.is_some() {
        services.store_goes(None).await;
    }
    job.end(match failed {
        None => Ended::Done,
        Some(cancelled @ MoveFailed::Cancelled) => Ended::Cancelled(cancelled.to_string()),
        Some(failed) => Ended::Failed(failed.to_string()),
    })
    .await
}

async fn carry(appliance: &Appliance, to: Home, job: &Job, clock: &Arc<dyn Clock>) -> Result<(), MoveFailed> {
    let (config, backing) = (appliance.config(), appliance.services().backing());
    let (file, database) = (store::own_file(config), store::own_database(config, &backing));
    let (from, into) = match to {
        Home::Container => (Ok(file), database),
        Home::Native => (database, Ok(file)),
    };
    let (from, into) = (from.map_err(MoveFailed::Source)?, into.map_err(MoveFailed::Target)?);
    let tasks = TaskTracker::new();
    let open = |place, policy| {
        let (clock, tasks) = (Arc::clone(clock), tasks.clone());
        async move { SqlStore::open(&place, &policy, clock, &tasks).await }
    };
    let from = open(from, SchemaPolicy::Require).await.map_err(MoveFailed::Source)?;
    let into = open(into, store::may_migrate(config, clock)).await.map_err(MoveFailed::Target)?;
    let copied = copy(config, &from, &into, job).await;
    from.close().await;
    into.close().await;
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
    match std::fs::rename(&file, &kept).and_then(|()| settle(&kept)) {
        Ok(()) => tracing::info!("the file that was moved from is kept as {}", kept.display()),
        Err(error) => tracing::warn!(error = %error, "the file that was moved from stays where it is"),
    }
}
