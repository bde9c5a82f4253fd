//! The box's life: claim, listen, open, answer, and let go in order.
//!
//! `/health` answers as soon as the address is ours, before the Store is open: whoever watches the box sees
//! that it lives, and `/ready` says what it still waits for. A Store that cannot be reached is waited for;
//! one that must not be touched ends the start.

use super::engine::{Footing, Running, StartError};
use super::moving::wish::Ready;
use super::services::Services;
use super::signals::Signals;
use super::state::Appliance;
use super::{cleanup, figures, listen, providers, store};
use crate::config::areas::{Database, Runtime};
use crate::config::data_dir::{DataDir, write_private};
use crate::config::load::Config;
use crate::containers::watch::Watch;
use crate::control;
use crate::instance::Instance;
use crate::logs::start::{self as logs, Terminal};
use crate::secrets::credentials::{self, Credentials};
use crate::secrets::root_key;
use crate::services::name::ServiceName;
use crate::tls::keeper::Keeper;
use anyhow::Context as _;
use axum::serve::ListenerExt;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::edge::body::Bounds;
use web::edge::host::{AllowedHosts, CertifiedNames};
use web::edge::limits::counting::Limits;
use web::edge::visitor::TrustedProxies;
use web::ports::Leaving;
use web::public::plain;
use web::public::router::{Face, router};
use web::serve::{Door, Manners, serve};
use web::tls;
use web::words::Words;

/// For answers that need only a moment more, before the engine lets go.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// For turns to store what they wrote and hand over.
const DRAIN: Duration = Duration::from_secs(6);
/// From the word to stop to the end, whatever hangs.
const STOP: Duration = Duration::from_secs(9);
/// Between two tries to reach the Store, growing.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is told meanwhile.
const MOVING: &str = "everything is being moved to another database";

/// Runs until told to leave, and says how. `greet` is called once, when the box is ready.
pub async fn run(
    config: Config,
    greet: impl AsyncFnOnce(&Appliance) -> anyhow::Result<()>,
) -> anyhow::Result<Leaving> {
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let dir = config.data_dir.clone();
    dir.create()?;
    let _instance = Instance::claim(&dir)?;
    logs::start(&config.log, Some(&dir.logs()), Terminal::Shown)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let credentials = credentials::open_or_make(&dir, config.master_key_file.as_deref(), &*clock)?;

    let keeper = Keeper::start(&dir, &config.server, Arc::clone(&clock))?;
    let listener = listen::bind(&config.server).await?;
    let address = listener.local_addr().context("the listener has no address")?;
    let figures = figures::install(config.mode.name())?;
    let authority = keeper.as_ref().and_then(Keeper::authority);
    let (stop, doors) = (CancellationToken::new(), TaskTracker::new());
    let containers = watch_containers(&config, &clock, &doors, &stop);
    let hands = TaskTracker::new();
    let seen = containers.subscribe();
    let services = Services::start(&config, &credentials, Arc::clone(&clock), seen, &hands).await?;
    let appliance = Appliance::new(config, address, clock.clone(), containers, services);
    let appliance = Arc::new(appliance.with_authority(authority));
    let names = keeper.as_ref().map(Keeper::names).unwrap_or_default();
    let door = door(face(Arc::clone(&appliance), figures, names, doors.clone()), keeper.as_ref());
    // A word of a reply is a small packet and must not wait for the next one.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "a connection keeps collecting small packets");
        }
    });
    doors.spawn(serve(listener, door, Manners::default(), stop.clone()));
    if let Some(keeper) = keeper {
        doors.spawn(keeper.keep(stop.clone()));
    }
    let control = control::socket::bind(&dir).context("the control socket cannot be made")?;
    let desk = control::router::router(Arc::clone(&appliance));
    doors.spawn(serve(control, desk, Manners::default(), stop.clone()));
    let temporary = [dir.downloads(), dir.processing()];
    let rules = appliance.config().cleanup;
    doors.spawn(cleanup::run(temporary, rules, Arc::clone(&clock), stop.clone()));
    tracing::info!("listening on {}://{address}", appliance.config().server.tls.scheme());

    let lived = live(&appliance, &credentials, &clock, &mut signals, greet).await;
    if let Err(error) = &lived {
        tracing::error!(error = format!("{error:#}"), "the box cannot go on");
    }
    let how = lived.as_ref().map_or(Leaving::Stop, |(_, how)| *how);
    appliance.is_stopping();
    stop.cancel();
    doors.close();
    let ended = async {
        // The engine ends its event streams when it lets go; what is short is done before that.
        drop(tokio::time::timeout(LAST_ANSWERS, doors.wait()).await);
        let (running, _) = lived?;
        if let Some(running) = running {
            running.drain(DRAIN).await;
        }
        // Whoever leans on containers has let go.
        appliance.services().leave(how).await;
        hands.close();
        hands.wait().await;
        doors.wait().await;
        anyhow::Ok(())
    };
    let ended = tokio::select! {
        ended = tokio::time::timeout(STOP, ended) => ended,
        signal = signals.next() => anyhow::bail!("stopped at once by {signal}"),
    };
    match ended {
        Ok(ended) => ended?,
        Err(_) => tracing::warn!("not everything ended in time; what is stored is whole"),
    }
    tracing::info!("stopped");
    Ok(how)
}

/// From opening the Store to the word to leave. `None` where that came first.
async fn live(
    appliance: &Appliance,
    credentials: &Credentials,
    clock: &Arc<dyn Clock>,
    signals: &mut Signals,
    greet: impl AsyncFnOnce(&Appliance) -> anyhow::Result<()>,
) -> anyhow::Result<(Option<Running>, Leaving)> {
    let (mut greet, mut backing) = (Some(greet), appliance.services().backing());
    loop {
        let opened = tokio::select! {
            opened = open(appliance, credentials, clock) => opened?,
            how = word(appliance, signals) => return Ok((None, how)),
        };
        let (running, at) = match opened {
            Opened::Runs(running, at) => (*running, at),
            Opened::Moves(ready) => {
                if let Some(how) = carry(appliance, signals, ready, clock, true).await {
                    return Ok((None, how));
                }
                continue;
            }
        };
        let (ours, lines, let_go) = (running.access(), TaskTracker::new(), CancellationToken::new());
        let _let_go = let_go.clone().drop_guard();
        appliance.is_ready(appliance.services().access(ours.clone(), &lines, &let_go));
        if let Some(greet) = greet.take() {
            greet(appliance).await?;
        }
        let minding = providers::mind(ours, appliance.services().clone());
        tokio::select! {
            how = word(appliance, signals) => return Ok((Some(running), how)),
            ready = appliance.moves().ready() => {
                appliance.is_waiting_for(MOVING.to_owned());
                let is_closed = running.drain(DRAIN).await;
                if let Some(how) = carry(appliance, signals, ready, clock, is_closed).await {
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

/// How to leave, where the Store has moved or the word to leave came first.
async fn carry(
    appliance: &Appliance,
    signals: &mut Signals,
    ready: Ready,
    clock: &Arc<dyn Clock>,
    is_closed: bool,
) -> Option<Leaving> {
    appliance.is_waiting_for(MOVING.to_owned());
    tokio::select! {
        how = word(appliance, signals) => Some(how),
        has_moved = appliance.carry(ready, clock, is_closed) => has_moved.then_some(Leaving::Restart),
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

/// Who asked for everything in this process is asked for nothing else.
fn watch_containers(
    config: &Config,
    clock: &Arc<dyn Clock>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Watch {
    match config.runtime {
        Runtime::Native => Watch::disabled("everything runs in this process, as asked for"),
        Runtime::Auto | Runtime::Docker => {
            Watch::start(config.containers.clone(), Arc::clone(clock), tasks, stop.clone())
        }
    }
}

enum Opened {
    /// With where the box's own database answers, where it has one.
    Runs(Box<Running>, Option<SocketAddr>),
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
            started => return Ok(Opened::Runs(Box::new(started?), at)),
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

fn door(face: Face, keeper: Option<&Keeper>) -> Door {
    match keeper {
        None => Door::Plain(router(face)),
        Some(keeper) => Door::Private {
            tls: tls::acceptor(keeper.shown()),
            plain: plain::router(face.hosts.clone()),
            router: router(face),
        },
    }
}

fn face(
    appliance: Arc<Appliance>,
    figures: metrics_exporter_prometheus::PrometheusHandle,
    names: CertifiedNames,
    tasks: TaskTracker,
) -> Face {
    let server = &appliance.config().server;
    let proxies = server.trusted_proxies.clone();
    Face {
        figures,
        hosts: AllowedHosts::new(server.allowed_hosts.iter().cloned()).with(names),
        proxies: TrustedProxies::new(move |address| proxies.iter().any(|network| network.contains(address))),
        authority: appliance.authority().map(|certificate| certificate.to_vec().into()),
        metrics_token: server.metrics_token.as_ref().map(|token| token.expose().into()),
        patience: server.request_timeout,
        bounds: Bounds::default(),
        limits: Limits::new(appliance.config().requests),
        words: Words::english(),
        markdown: Arc::default(),
        tasks,
        appliance,
    }
}
