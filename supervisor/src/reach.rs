//! How a command reaches the engine: the box that runs, else an engine of its own.
//!
//! The control socket is asked first. Only where nobody answers is the data directory claimed and the same
//! engine started in this process. The command cannot tell the two apart: it gets a client that speaks as
//! the box's operator.

use crate::appliance::engine::{Footing, Running};
use crate::appliance::store;
use crate::config::load::Config;
use crate::control::socket::{self, SocketName};
use crate::control::wire::{BoxStatus, EngineStage};
use crate::instance::{ClaimError, Instance};
use crate::logs::start::{self as logs, LogError, Terminal};
use crate::secrets::credentials;
use anyhow::{Context as _, bail};
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use engine_client::client::{ClientError, EngineClient};
use engine_client::principal::Principal;
use engine_client::transport::socket::unix;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use web::ports::WayIn;

/// A box that runs answers at once; one that starts needs a moment.
const ANSWER: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long a box may hold the directory and not answer yet.
const STARTING: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(6);

/// A way to the engine, and what keeps it open.
pub struct Reached {
    pub client: EngineClient,
    /// `None` where the engine runs in this process.
    pub running: Option<BoxStatus>,
    hold: Hold,
}

enum Hold {
    Socket { _name: SocketName },
    Own { running: Box<Running>, _instance: Instance },
}

impl Reached {
    /// Why the box that runs cannot be spoken with yet.
    fn opening(&self) -> Option<&str> {
        match self.running.as_ref().map(|status| &status.engine) {
            Some(EngineStage::Starting { detail }) => Some(detail),
            Some(EngineStage::Ready | EngineStage::Stopping) | None => None,
        }
    }

    /// The way in, where the engine runs in this process.
    pub fn access(&self) -> Option<WayIn> {
        match &self.hold {
            Hold::Own { running, .. } => Some(running.access()),
            Hold::Socket { .. } => None,
        }
    }

    /// Lets an engine of our own end in order. A command calls it whatever came of its work.
    pub async fn close(self) {
        if let Hold::Own { running, .. } = self.hold {
            running.drain(DRAIN).await;
        }
    }
}

/// Does one thing with the engine, once it is ready, and closes the way again, whatever came of it.
pub async fn with_engine<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Reached) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let reached = ready(config).await?;
    let done = work(&reached).await;
    reached.close().await;
    done
}

/// A box that has just been started opens its store; that is worth a moment.
async fn ready(config: &Config) -> anyhow::Result<Reached> {
    let deadline = Instant::now() + STARTING;
    loop {
        let reached = reach(config).await?;
        match reached.opening() {
            None => return Ok(reached),
            Some(_) if Instant::now() < deadline => tokio::time::sleep(LOOK_AGAIN).await,
            Some(detail) => bail!("the box is not ready: {detail}; `whisperengine doctor` says more"),
        }
    }
}

pub async fn reach(config: &Config) -> anyhow::Result<Reached> {
    let deadline = Instant::now() + STARTING;
    loop {
        if let Some(reached) = running(config).await? {
            return Ok(reached);
        }
        config.data_dir.create()?;
        match Instance::claim(&config.data_dir) {
            Ok(instance) => return alone(config, instance).await,
            // Between its claim and its socket, or on its way out.
            Err(ClaimError::Held { .. }) if Instant::now() < deadline => tokio::time::sleep(LOOK_AGAIN).await,
            Err(error @ ClaimError::Held { .. }) => {
                return Err(error).context("the box does not answer its control socket");
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The box that runs on this data directory, if one answers.
pub async fn running(config: &Config) -> anyhow::Result<Option<Reached>> {
    if !config.data_dir.control_socket().exists() {
        return Ok(None);
    }
    let name = socket::name(&config.data_dir).context("the control socket cannot be found")?;
    let client = EngineClient::new(unix(name.path.clone()), None, Principal::Operator);
    match client.with_patience(ANSWER).get::<BoxStatus>("/appliance/status").await {
        Ok(status) => Ok(Some(Reached { client, running: Some(status), hold: Hold::Socket { _name: name } })),
        // Nobody listens: what is left of a box that was killed, or one that ended this moment.
        Err(ClientError::Transport(_) | ClientError::Interrupted(_)) => Ok(None),
        Err(error) => bail!("the box answers its control socket with something else: {error}"),
    }
}

async fn alone(config: &Config, instance: Instance) -> anyhow::Result<Reached> {
    match logs::start(&config.log, Some(&config.data_dir.logs()), Terminal::Quiet) {
        // A second engine in one process, as in a test, goes on with the first one's log.
        Ok(()) | Err(LogError::Twice) => {}
        Err(error) => return Err(error.into()),
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let credentials =
        credentials::open_or_make(&config.data_dir, config.master_key_file.as_deref(), &*clock)?;
    let footing = Footing {
        store_key: credentials.store_key,
        secret: credentials.transport_secret.expose().to_owned(),
        policy: store::may_migrate(config, &clock),
        clock,
        is_alone: true,
        backing: None,
    };
    let running = Running::start(config, &footing).await?;
    let client = running.access().client(Principal::Operator);
    Ok(Reached { client, running: None, hold: Hold::Own { running: Box::new(running), _instance: instance } })
}
