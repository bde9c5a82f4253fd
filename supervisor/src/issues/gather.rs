//! Asks everything at once how it is, waits no longer than it is told, and says who did not answer.

use super::figures::{self, Figures};
use super::snapshot::{EngineSeen, Silence, Snapshot};
use crate::appliance::services::Services;
use crate::appliance::state::Appliance;
use crate::config::areas::{Database, Runtime};
use crate::config::load::Config;
use crate::containers::detect::{Detection, detect};
use crate::containers::state::State;
use crate::containers::watch;
use crate::state::jobs::JobRow;
use crate::state::journal::Open;
use crate::state::open::StateError;
use engine::domain::time::Timestamp;
use engine_client::client::ClientError;
use engine_client::principal::Principal;
use engine_client::wire::setup::SetupState;
use engine_client::wire::status::EngineStatus;
use std::path::PathBuf;
use std::time::Duration;
use web::ports::{Appliance as _, WayIn};

/// Jobs that are looked back on.
const JOBS: u32 = 50;

/// The box that runs in this process.
pub async fn here(appliance: &Appliance, patience: Duration) -> Snapshot {
    let (config, services) = (appliance.config(), appliance.services());
    let engine = appliance.engine().map_err(|problem| EngineSeen::Down(problem.detail));
    let (seen, (engine, setup), containers, (records, plan)) = tokio::join!(
        within(patience, figures(config)),
        ask_engine(engine, patience),
        appliance.containers().first_look(patience),
        async { tokio::join!(within(patience, records(services)), within(patience, services.plan())) },
    );
    let wants = config.runtime == Runtime::Docker || plan.is_none_or(|plan| !plan.services.is_empty());
    let mut snapshot = of(config, seen.flatten(), engine, setup, (*containers).clone(), patience);
    snapshot.now = appliance.now();
    snapshot.started_at = Some(Timestamp(appliance.status().started_at));
    snapshot.containers_wanted = wants;
    services.told.views.borrow().as_ref().clone_into(&mut snapshot.services);
    if snapshot.is_still_looking() {
        snapshot.is_silent("the container engine", &no_answer(patience));
    }
    match records {
        Some(Ok((open, jobs))) => (snapshot.left_open, snapshot.jobs) = (open, jobs),
        Some(Err(error)) => snapshot.is_silent("the box's own records", &error.to_string()),
        None => snapshot.is_silent("the box's own records", &no_answer(patience)),
    }
    snapshot
}

/// Where no box runs. With a way to an engine, or how that is.
pub async fn alone(config: &Config, engine: Result<WayIn, EngineSeen>, patience: Duration) -> Snapshot {
    let (seen, (engine, setup), containers) = tokio::join!(
        within(patience, figures(config)),
        ask_engine(engine, patience),
        look_for_containers(config)
    );
    of(config, seen.flatten(), engine, setup, containers, patience)
}

fn of(
    config: &Config,
    seen: Option<Figures>,
    engine: EngineSeen,
    setup: Option<SetupState>,
    containers: Detection,
    patience: Duration,
) -> Snapshot {
    let mut snapshot = Snapshot {
        now: Timestamp(0),
        started_at: None,
        warnings: config.warnings.clone(),
        root: config.data_dir.root().to_owned(),
        directory: None,
        disk_free_bytes: None,
        memory: None,
        containers_wanted: config.runtime == Runtime::Docker
            || matches!(config.database, Database::Ours { .. }),
        containers,
        services: Vec::new(),
        engine,
        setup,
        left_open: Vec::new(),
        jobs: Vec::new(),
        silent: Vec::new(),
    };
    match seen {
        Some(seen) => {
            snapshot.directory = Some(seen.directory);
            snapshot.disk_free_bytes = seen.disk_free_bytes;
            snapshot.memory = seen.memory;
        }
        None => snapshot.is_silent("the disk", &no_answer(patience)),
    }
    if matches!(snapshot.engine, EngineSeen::Silent) {
        snapshot.is_silent("the engine", &no_answer(patience));
    }
    snapshot
}

impl Snapshot {
    fn is_silent(&mut self, who: &'static str, why: &str) {
        self.silent.push(Silence { who, why: why.to_owned() });
    }
}

async fn figures(config: &Config) -> Option<Figures> {
    let root: PathBuf = config.data_dir.root().to_owned();
    tokio::task::spawn_blocking(move || figures::read(&root)).await.ok()
}

async fn records(services: &Services) -> Result<(Vec<Open>, Vec<JobRow>), StateError> {
    Ok((services.state.open_intents().await?, services.board.all(JOBS).await?))
}

async fn ask_engine(
    engine: Result<WayIn, EngineSeen>,
    patience: Duration,
) -> (EngineSeen, Option<SetupState>) {
    let engine = match engine {
        Ok(engine) => engine,
        Err(seen) => return (seen, None),
    };
    // As nobody where not all is to be read: the operator is looked up in the store, which may be what is gone.
    let nobody = engine.client(Principal::Anonymous).with_patience(patience);
    let operator = nobody.acting_as(Principal::Operator);
    let (status, setup) = tokio::join!(
        operator.get::<EngineStatus>("/api/v1/status"),
        nobody.get::<SetupState>("/api/v1/setup")
    );
    let seen = match status {
        Ok(status) => EngineSeen::Up(status),
        Err(ClientError::TimedOut(_)) => EngineSeen::Silent,
        Err(error) => EngineSeen::Down(error.to_string()),
    };
    let told = |error| tracing::debug!(error = %error, "the set-up state could not be asked for");
    (seen, setup.map_err(told).ok())
}

async fn look_for_containers(config: &Config) -> Detection {
    match config.runtime {
        Runtime::Native => Detection::bare(State::Disabled, "everything runs in this process, as asked for"),
        Runtime::Auto | Runtime::Docker => detect(&config.containers, watch::PATIENCE).await,
    }
}

async fn within<T>(patience: Duration, asked: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(patience, asked).await.ok()
}

fn no_answer(patience: Duration) -> String {
    format!("no answer within {patience:?}")
}
