//! From opening the Store to the word to leave.
//!
//! A Store that cannot be reached is waited for; one that must not be touched ends the start.

use super::engine::{Footing, Running, StartError};
use super::moving::wish::Ready;
use super::signals::Signals;
use super::state::Appliance;
use super::{providers, store};
use crate::config::areas::Database;
use crate::config::data_dir::{DataDir, write_private};
use crate::secrets::credentials::Credentials;
use crate::secrets::root_key;
use crate::services::name::ServiceName;
use anyhow::Context as _;
use engine::ports::clock::Clock;
use engine_client::contract::repeat::ENGINE;
use engine_client::transport::failover::failover;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::ports::{Leaving, WayIn};

/// For turns to store what they wrote and hand over.
pub const DRAIN: Duration = Duration::from_secs(6);
/// Between two tries to reach the Store, growing.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What is told meanwhile.
const MOVING: &str = "everything is being moved to another database";

/// Until the word to leave. `None` where it came before the Store was open.
pub async fn live(
    appliance: &Appliance,
    credentials: &Credentials,
    clock: &Arc<dyn Clock>,
    signals: &mut Signals,
    greet: impl AsyncFnOnce(&Appliance) -> anyhow::Result<()>,
) -> anyhow::Result<(Option<Running>, Leaving)> {
    let (mut greet, mut backing) = (Some(greet), appliance.services().backing());
    let (lines, let_go) = (TaskTracker::new(), CancellationToken::new());
    let _let_go = let_go.clone().drop_guard();
    let in_container = backing.engine(&lines, &let_go);
    loop {
        let opened = tokio::select! {
            opened = open(appliance, credentials, clock) => opened?,
            how = word(appliance, signals) => return Ok((None, how)),
        };
        let running = match opened {
            Opened::Runs(running) => *running,
            Opened::Moves(ready) => {
                if let Some(how) = carry(appliance, signals, ready, clock, None).await {
                    return Ok((None, how));
                }
                continue;
            }
        };
        let (ours, at) = (running.access(), running.database());
        let folder = appliance.config().data_dir.processing();
        let transport = failover(in_container.clone(), ours.transport.clone(), ENGINE, &folder);
        appliance.is_ready(WayIn { transport, secret: ours.secret.clone() });
        if let Some(greet) = greet.take() {
            greet(appliance).await?;
        }
        let minding = providers::mind(ours, appliance.services().clone());
        tokio::select! {
            how = word(appliance, signals) => return Ok((Some(running), how)),
            ready = appliance.moves().ready() => {
                if let Some(how) = carry(appliance, signals, ready, clock, Some(running)).await {
                    return Ok((None, how));
                }
            }
            () = minding, if at.is_some() => {}
            () = backing.has_moved(ServiceName::Postgres, at), if at.is_some() => {
                tracing::warn!(service.name = "store", "the database answers elsewhere; the engine is started anew");
                appliance.is_waiting_for("the database has moved".to_owned());
                running.drain(DRAIN).await;
            }
        }
    }
}

/// Ends the engine that has the Store, where one does. Returns how to leave, where the Store has moved or the word to
/// leave came first.
async fn carry(
    appliance: &Appliance,
    signals: &mut Signals,
    ready: Ready,
    clock: &Arc<dyn Clock>,
    running: Option<Running>,
) -> Option<Leaving> {
    appliance.is_waiting_for(MOVING.to_owned());
    let is_closed = match running {
        Some(running) => running.drain(DRAIN).await,
        None => true,
    };
    tokio::select! {
        how = word(appliance, signals) => Some(how),
        // What does not let go of the Store ends with this process, and nothing less.
        has_moved = appliance.carry(ready, clock, is_closed) => {
            (has_moved || !is_closed).then_some(Leaving::Restart)
        }
    }
}

/// The word to leave, from the terminal, a service manager or a page. Cancel-safe.
async fn word(appliance: &Appliance, signals: &mut Signals) -> Leaving {
    tokio::select! {
        signal = signals.next() => {
            tracing::info!("stopping on {signal}");
            Leaving::Stop
        }
        how = appliance.told_to_leave() => {
            let next = match how {
                Leaving::Stop => "stopping",
                Leaving::Restart => "stopping to start again",
            };
            tracing::info!("{next} on the owner's word");
            how
        }
    }
}

enum Opened {
    Runs(Box<Running>),
    /// Nobody could open the Store; its owner wants it elsewhere.
    Moves(Ready),
}

async fn open(
    appliance: &Appliance,
    credentials: &Credentials,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, StartError> {
    let config = appliance.config();
    let mut backing = appliance.services().backing();
    if !matches!(config.database, Database::Sqlite { .. }) {
        hand_out(&config.data_dir, credentials)?;
    }
    let footing = Footing {
        store_key: credentials.store_key.clone(),
        secret: credentials.transport_secret.expose().to_owned(),
        clock: Arc::clone(clock),
        policy: store::may_migrate(config, clock),
        is_alone: true,
        backing: Some(backing.clone()),
    };
    let mut pause = FIRST_PAUSE;
    loop {
        let at = backing.where_is(ServiceName::Postgres);
        match Running::start(config, &footing).await {
            Err(error) if error.may_pass() => {
                tracing::warn!(service.name = "store", error = %error, "the store is waited for");
                appliance.is_waiting_for(error.to_string());
            }
            started => return Ok(Opened::Runs(Box::new(started?))),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = backing.has_moved(ServiceName::Postgres, at) => continue,
            ready = appliance.moves().ready() => return Ok(Opened::Moves(ready)),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What an engine in its own process needs to work on the same Store, where it can be mounted from.
fn hand_out(dir: &DataDir, credentials: &Credentials) -> anyhow::Result<()> {
    let folder = dir.secrets().join("engine");
    std::fs::create_dir_all(&folder).context("the engine's secrets cannot be handed out")?;
    let secret = credentials.transport_secret.expose().as_bytes();
    write_private(&folder.join("transport-secret"), secret)
        .and_then(|()| {
            write_private(&folder.join("master-key"), root_key::hex(&credentials.store_key).as_bytes())
        })
        .context("the engine's secrets cannot be handed out")
}
