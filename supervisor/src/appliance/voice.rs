//! The voice: in this process, where what it listens with is loaded when somebody speaks and let go when nobody does, and in
//! front of that the one in a container, where its owner wants one.

use super::services::Services;
use crate::config::load::Config;
use crate::images::build::this_program;
use crate::services::name::ServiceName;
use axum::Router;
use engine_client::principal::REQUEST_ID;
use engine_client::transport::failover::{Contract, failover};
use engine_client::transport::in_process::in_process;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voice::api::router::{self as api, Voice};
use voice::ears::desk::{Desk, Settings};
use voice::mouth::espeak::EspeakNg;
use voice::mouth::piper::voices::{self, Piper, Source};
use voice::mouth::several::Several;
use voice::mouth::speaking::Mouth;
use voice::queue::Queue;
use voice::shelf::models::{Kind, Shelf};
use voice::shelf::proof::{Child, Proofs};
use voice::sound::brought::Keeping;
use web::ports::WayIn;

/// Why nothing listens or speaks.
pub const OFF: &str = "the box neither listens nor speaks, by its settings; `voice.enabled` changes that";
/// The command that tries a model out in a process of its own.
pub const PROVE: &str = "prove-model";
/// More threads than this make a net slower on most machines.
const MOST_THREADS: usize = 4;
/// Each is a stream with a small process now and then.
const MOST_SPEAKERS: usize = 16;
/// So many wait for their turn; what they wait with is bounded elsewhere.
const MOST_WAITING: usize = 64;

/// What a front door may do when nobody knows what became of its call. Nothing is kept, so anything may be asked again.
const VOICE: Contract = Contract { may_repeat: |_, _| true, mark: REQUEST_ID };

/// In a container while that serves, and in this process when it does not. Until told to stop.
pub fn start(config: &Config, services: &Services, tasks: &TaskTracker, stop: &CancellationToken) -> WayIn {
    let way = alone(config, &services.password(ServiceName::Voice), tasks, stop);
    let in_container = services.backing().voice(tasks, stop);
    let transport = failover(in_container, way.transport, VOICE, &config.data_dir.processing());
    WayIn { transport, ..way }
}

/// In this process. Until told to stop.
pub fn alone(config: &Config, secret: &str, tasks: &TaskTracker, stop: &CancellationToken) -> WayIn {
    alone_with(config, Source::Shelf(shelf(config)), secret, tasks, stop)
}

/// With voices from elsewhere.
pub fn alone_with(
    config: &Config,
    voices: Source,
    secret: &str,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> WayIn {
    if let Err(error) = shelf(config).tidy() {
        tracing::warn!(error = %error, "what is left of a model that did not arrive cannot be removed");
    }
    let router = router(config, shelf(config), voices, secret, tasks, stop);
    let transport = in_process(router.into_service::<engine_client::transport::Body>());
    WayIn { transport, secret: secret.to_owned() }
}

pub fn router(
    config: &Config,
    shelf: Shelf,
    voices: Source,
    secret: &str,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Router {
    let ears = desk(config, shelf);
    tasks.spawn(Arc::clone(&ears).rest(stop.clone()));
    let espeak = Arc::new(EspeakNg::new(config.voice.espeak.clone()));
    let (threads, places) = shares(config);
    let settings = voices::Settings { places, threads, idle: config.voice.idle };
    let piper = Piper::new(voices, proofs(config, Kind::Voices), Arc::clone(&espeak), &settings);
    tasks.spawn(Arc::clone(&piper).rest(stop.clone()));
    let synthesizer = Several(vec![piper, espeak]);
    api::router(Voice {
        ears,
        mouth: Arc::new(Mouth::new(Arc::new(synthesizer), tasks.clone())),
        speakers: Queue::new(MOST_SPEAKERS, MOST_WAITING),
        usual: config.voice.speaker.as_str().into(),
        secret: secret.into(),
        keeping: Keeping::at(config.data_dir.processing()),
    })
}

fn desk(config: &Config, shelf: Shelf) -> Arc<Desk> {
    let (threads, places) = shares(config);
    let settings = Settings {
        model: config.voice.model.clone(),
        places,
        threads,
        most_waiting: MOST_WAITING,
        idle: config.voice.idle,
        ..Settings::default()
    };
    Desk::new(shelf, proofs(config, Kind::Ears), settings)
}

/// How many threads each has who listens or speaks, and how many may at the same time.
fn shares(config: &Config) -> (usize, usize) {
    let cores = config.derived.threads as usize;
    // The recogniser's threads wait for each other by spinning: where they are as many as processors, and one of these is
    // taken, all of them stand still.
    let threads = (cores / 2).clamp(1, MOST_THREADS);
    (threads, (cores / threads).max(1))
}

pub fn shelf(config: &Config) -> Shelf {
    Shelf::at(config.data_dir.models())
}

pub fn proofs(config: &Config, kind: Kind) -> Proofs {
    let file = match kind {
        Kind::Ears => "proven.json",
        Kind::Voices => "proven-voices.json",
    };
    Proofs::new(child(kind), env!("CARGO_PKG_VERSION"), config.data_dir.models().join(file))
}

/// Tries a model out.
pub fn child(kind: Kind) -> Child {
    Child { program: this_program(), arguments: [PROVE, kind.name()].map(str::to_owned).to_vec() }
}

/// A voice in a file that is on no shelf, by the file's name.
pub fn loose(file: &Path) -> (String, Source) {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    (name.clone(), Source::File(name, file.to_owned()))
}

/// For whoever would start it beside the box's settings.
pub fn ensure_on(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(config.voice.is_on, OFF);
    Ok(())
}
