//! The owner wants the Store elsewhere.

use super::prepare::prepare;
use crate::appliance::state::Appliance;
use crate::config::areas::{Database, Runtime};
use crate::config::chosen;
use crate::config::load::Config;
use crate::jobs::board::Job;
use crate::state::choices::Home;
use crate::state::open::StateError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use web::ports::system::MOVE_JOB;

/// Nobody who asks for a move waits longer for the first look at container engines.
const LOOK: Duration = Duration::from_millis(250);

/// Moves on their way from whoever prepares them to whoever has the Store. There is one at most.
pub struct Moves {
    /// Held by whoever looks whether there is one, and begins another.
    beginning: Mutex<()>,
    hand: mpsc::Sender<Ready>,
    ready: Mutex<mpsc::Receiver<Ready>>,
    /// The Store has moved, and this process only has to end.
    done: AtomicBool,
}

/// All that a move needs is there.
pub struct Ready {
    pub to: Home,
    pub job: Job,
}

#[derive(Debug, thiserror::Error)]
pub enum MoveRefused {
    #[error("everything is being moved already")]
    UnderWay,
    #[error("everything is there already")]
    IsThere,
    #[error("the configuration says where everything is kept (database.*), so it is changed there")]
    Configured,
    #[error("the box was started to run everything in its own process (--runtime native)")]
    Native,
    #[error("no container engine is ready: {0}")]
    NoEngine(String),
    #[error("the box's own records cannot be written: {0}")]
    Records(#[from] StateError),
}

impl Default for Moves {
    fn default() -> Self {
        let (hand, ready) = mpsc::channel(1);
        Self { beginning: Mutex::default(), hand, ready: Mutex::new(ready), done: AtomicBool::default() }
    }
}

impl Moves {
    pub fn is_done(&self) {
        self.done.store(true, Ordering::Relaxed);
    }

    /// Waits for one. Cancel-safe.
    pub async fn ready(&self) -> Ready {
        match self.ready.lock().await.recv().await {
            Some(ready) => ready,
            // Its sender is ours.
            None => std::future::pending().await,
        }
    }
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
    /// Begins, whatever the Store does just now; the job of this id tells the rest.
    pub async fn move_store(&self, to: Home) -> Result<String, MoveRefused> {
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
        let board = &self.services().board;
        let _one = self.moves().beginning.lock().await;
        let has_moved = self.moves().done.load(Ordering::Relaxed);
        if has_moved || board.live().iter().any(|job| job.kind == MOVE_JOB) {
            return Err(MoveRefused::UnderWay);
        }
        let job = board.begin(MOVE_JOB, to.as_str(), "preparing").await?;
        let id = job.id().to_owned();
        let (services, hand) = (self.services().clone(), self.moves().hand.clone());
        self.services().tasks.spawn(prepare(services, to, job, hand));
        Ok(id)
    }
}
