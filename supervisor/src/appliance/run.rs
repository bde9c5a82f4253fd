//! The box's life: claim, listen, open, answer, and let go in order.
//!
//! `/health` answers as soon as the address is ours, before the Store is open: whoever watches the box sees
//! that it lives, and `/ready` says what it still waits for.

use super::live::{DRAIN, live};
use super::services::Services;
use super::signals::Signals;
use super::state::Appliance;
use super::{cleanup, figures, listen, voice};
use crate::config::areas::Runtime;
use crate::config::load::Config;
use crate::containers::watch::Watch;
use crate::control;
use crate::instance::Instance;
use crate::logs::start::{self as logs, Terminal};
use crate::secrets::credentials;
use crate::tls::keeper::Keeper;
use anyhow::Context as _;
use axum::serve::ListenerExt;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
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
/// From the word to stop to the end, whatever hangs.
const STOP: Duration = Duration::from_secs(9);
/// For the box's own records to be closed, whoever hangs.
const RECORDS: Duration = Duration::from_millis(500);

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
    let config = appliance.config();
    let voice = config.voice.is_on.then(|| voice::start(config, appliance.services(), &doors, &stop));
    let appliance = Arc::new(appliance.with_authority(authority).with_voice(voice));
    let names = keeper.as_ref().map(Keeper::names).unwrap_or_default();
    let door = door(face(Arc::clone(&appliance), figures, names, doors.clone()), keeper.as_ref());
    // A word of a reply is a small packet and must not wait for the next one.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "a connection keeps collecting small packets");
        }
    });
    let control = control::socket::bind(&dir).context("the control socket cannot be made")?;
    let desk = control::router::router(Arc::clone(&appliance));
    doors.spawn(serve(control, desk, Manners::default(), stop.clone()));
    doors.spawn(serve(listener, door, Manners::default(), stop.clone()));
    if let Some(keeper) = keeper {
        doors.spawn(keeper.keep(stop.clone()));
    }
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
        let (running, failed) = match lived {
            Ok((running, _)) => (running, None),
            Err(error) => (None, Some(error)),
        };
        if let Some(running) = running {
            running.drain(DRAIN).await;
        }
        // Whoever leans on containers has let go.
        appliance.services().leave(how).await;
        hands.close();
        hands.wait().await;
        doors.wait().await;
        failed.map_or(Ok(()), Err)
    };
    let ended = tokio::select! {
        ended = tokio::time::timeout(STOP, ended) => ended,
        signal = signals.next() => anyhow::bail!("stopped at once by {signal}"),
    };
    if tokio::time::timeout(RECORDS, appliance.services().state.close()).await.is_err() {
        tracing::debug!("the box's records are still in use");
    }
    match ended {
        Ok(ended) => ended?,
        Err(_) => tracing::warn!("not everything ended in time; what is stored is whole"),
    }
    tracing::info!("stopped");
    Ok(how)
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
