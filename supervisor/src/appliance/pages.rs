//! What pages see of the box and may ask of it: the port that web has for that, fulfilled.
//!
//! Translates and hands on; what a service is like is `health`'s to say, what was written down `written`'s.

use super::health;
use super::state::Appliance;
use super::written::{self, Written};
use crate::config::load::Config;
use crate::containers::detect::Detection;
use crate::containers::state::{Kind, State};
use crate::daemon::spoken::Said;
use crate::diagnostics::{archive, gather};
use crate::machine::tier::Tier;
use crate::services::name::ServiceName;
use crate::services::upkeep::Stage;
use crate::state::choices::Home as Chosen;
use crate::state::jobs::JobRow;
use engine_client::problem::Problem;
use futures::future::BoxFuture;
use std::time::Duration;
use web::ports::system::{
    Health, Home, Job, JobEnd, Load, Log, LogLine, LogPiece, LogWish, Logs, MOVE_JOB, Outcome, Refused,
    System, Unit,
};
use web::ports::{ContainerEngine, ContainerState, EngineKind, Graphics, Ground, Leaving, Life, Size, WayIn};

/// A page does not wait longer for the first look at container engines.
const FIRST_LOOK: Duration = Duration::from_millis(250);
/// An owner who asks to look again waits longer: for an engine that is slow, not for one that hangs.
const ANOTHER_LOOK: Duration = Duration::from_secs(1);
/// As many as a page shows, and some.
const MOST_JOBS: u32 = 30;

impl web::ports::Appliance for Appliance {
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn mode(&self) -> &str {
        self.config().mode.name()
    }

    fn now(&self) -> i64 {
        Self::now(self).0
    }

    fn voice(&self) -> Result<WayIn, Problem> {
        self.way_to_voice()
    }

    fn setup_token_opens(&self, token: &str) -> bool {
        self.opens_set_up(token)
    }

    fn port(&self) -> u16 {
        self.address().port()
    }

    fn life(&self) -> Life {
        Life { started_at: self.started_at().0, place: self.config().data_dir.root().display().to_string() }
    }

    fn leave(&self, how: Leaving) {
        self.is_told_to_leave(how);
    }

    fn look_around(&self) -> BoxFuture<'_, Ground> {
        Box::pin(async {
            let found = self.containers().first_look(FIRST_LOOK).await;
            ground(self.config(), container_engine(&found))
        })
    }

    fn look_again(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.containers().look_again(ANOTHER_LOOK).await;
        })
    }

    fn engine(&self) -> Result<WayIn, Problem> {
        self.way_in()
    }

    fn system(&self) -> &dyn System {
        self
    }

    fn logs(&self) -> &dyn Logs {
        self
    }
}

impl System for Appliance {
    fn health(&self) -> BoxFuture<'_, Health> {
        Box::pin(health::of(self))
    }

    fn jobs(&self) -> BoxFuture<'_, Vec<Job>> {
        Box::pin(async {
            let board = &self.services().board;
            let rows = board.all(MOST_JOBS).await.unwrap_or_else(|error| {
                tracing::warn!(error = %error, "the jobs that ended cannot be read");
                board.live()
            });
            rows.into_iter().map(job).collect()
        })
    }

    fn load(&self) -> BoxFuture<'_, Load> {
        Box::pin(health::load(self))
    }

    fn retry<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<(), Refused>> {
        Box::pin(async move {
            let is_in_trouble = |stage| stage == Stage::Resting.as_str() || stage == Stage::Parked.as_str();
            let views = self.services().told.views.borrow().clone();
            let found = views.iter().find(|view| view.name.as_str() == service && is_in_trouble(view.stage));
            let found = found.ok_or(Refused::Unknown)?.name;
            self.services().retry(found).await;
            Ok(())
        })
    }

    fn choose<'a>(&'a self, service: &'a str, home: Home) -> BoxFuture<'a, Result<(), Refused>> {
        Box::pin(async move {
            let chosen = match home {
                Home::Native => Chosen::Native,
                Home::Container => Chosen::Container,
                Home::Elsewhere => return Err(Refused::Unknown),
            };
            if service == health::STORE || service == ServiceName::Postgres.as_str() {
                let begun = self.move_store(chosen).await;
                return begun.map(drop).map_err(|error| Refused::Failed(error.to_string()));
            }
            let service = ServiceName::parse(service).ok_or(Refused::Unknown)?;
            if !health::may_be_chosen(self, service).await {
                return Err(Refused::Unknown);
            }
            let kept = self.services().choose(service, chosen).await;
            kept.map_err(|error| Refused::Failed(format!("the choice cannot be kept: {error}")))
        })
    }

    fn repair<'a>(&'a self, issue: &'a str) -> BoxFuture<'a, Result<(), Refused>> {
        Box::pin(health::repair(self, issue))
    }

    fn diagnostics(&self) -> BoxFuture<'_, Result<Vec<u8>, Refused>> {
        Box::pin(async {
            let documents = gather::here(self).await.documents;
            let seconds = u64::try_from(Self::now(self).0 / 1_000_000).unwrap_or_default();
            archive::pack(&documents, seconds).map_err(|error| Refused::Failed(error.to_string()))
        })
    }

    fn cancel_job(&self, id: &str) -> Result<(), Refused> {
        if self.services().board.cancel(id) { Ok(()) } else { Err(Refused::Unknown) }
    }
}

impl Logs for Appliance {
    fn read(&self, log: Log, wish: LogWish) -> BoxFuture<'_, Result<LogPiece, Refused>> {
        let folder = self.config().data_dir.logs();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || written::read(&folder, log, &wish)).await;
            let piece = read.map_err(|error| Refused::Failed(error.to_string()))?;
            piece.map_err(|error| Refused::Failed(error.to_string()))
        })
    }

    fn speakers(&self) -> Vec<String> {
        self.services().spoken.speakers().iter().map(ToString::to_string).collect()
    }

    fn said<'a>(&'a self, service: &'a str, wish: LogWish) -> BoxFuture<'a, Result<LogPiece, Refused>> {
        Box::pin(async move {
            let spoken = &self.services().spoken;
            let service = ServiceName::parse(service).filter(|name| spoken.speakers().contains(name));
            let heard = spoken.of(service.ok_or(Refused::Unknown)?, FIRST_LOOK).await;
            Ok(LogPiece { is_kept: heard.is_kept, ..written::piece(&heard.lines, &wish) })
        })
    }
}

impl Written for Said {
    fn moment(&self) -> Option<&str> {
        Some(self.at.as_str()).filter(|at| !at.is_empty())
    }

    fn told(&self) -> LogLine {
        let (at, message) = (self.at.clone(), self.text.clone());
        LogLine { at, level: None, message, fields: String::new() }
    }
}

fn job(row: JobRow) -> Job {
    let outcome = match row.outcome.as_deref() {
        Some("done") => Outcome::Done,
        Some("cancelled") => Outcome::Cancelled,
        Some("interrupted") => Outcome::Interrupted,
        _ => Outcome::Failed,
    };
    Job {
        end: row.ended_at.map(|at| JobEnd { at, outcome, detail: row.detail }),
        id: row.id,
        unit: if row.kind == MOVE_JOB { Unit::Rows } else { Unit::Bytes },
        kind: row.kind,
        subject: row.subject,
        stage: row.stage,
        done: u64::try_from(row.done).unwrap_or_default(),
        total: row.total.and_then(|total| u64::try_from(total).ok()),
        begun_at: row.begun_at,
        moved_at: row.moved_at,
    }
}

/// As the pages say it.
fn container_engine(found: &Detection) -> ContainerEngine {
    let answered = found.chosen().and_then(|one| one.verdict.answered.as_ref());
    ContainerEngine {
        state: match found.state {
            State::NotInstalled => ContainerState::NotInstalled,
            State::Stopped => ContainerState::Stopped,
            State::Starting => ContainerState::Starting,
            State::PermissionDenied => ContainerState::PermissionDenied,
            State::ApiTooOld => ContainerState::ApiTooOld,
            State::ClientTooOld => ContainerState::ClientTooOld,
            State::NotDocker => ContainerState::NotDocker,
            State::Degraded => ContainerState::Degraded,
            State::Running => ContainerState::Running,
            State::Lost => ContainerState::Lost,
            State::Disabled => ContainerState::Disabled,
        },
        kind: match answered.map(|answered| answered.kind) {
            Some(Kind::Docker) => EngineKind::Docker,
            Some(Kind::Podman) => EngineKind::Podman,
            None => EngineKind::Unknown,
        },
        version: answered.map(|answered| answered.version.clone()),
        detail: found.detail.clone(),
    }
}

fn ground(config: &Config, containers: ContainerEngine) -> Ground {
    let hardware = &config.hardware;
    Ground {
        cores: hardware.cores,
        memory_gib: hardware.counted_ram_gib,
        disk_free_gib: hardware.disk_free_gib,
        graphics: match &hardware.gpu {
            None => Graphics::None,
            Some(gpu) if gpu.usable => Graphics::Usable,
            Some(_) => Graphics::OutOfReach,
        },
        size: match config.tier {
            Tier::Constrained => Size::Constrained,
            Tier::Balanced => Size::Balanced,
            Tier::HighPerformance => Size::HighPerformance,
            Tier::Enterprise => Size::Enterprise,
        },
        containers,
    }
}
