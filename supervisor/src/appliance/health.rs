//! How the box is at this moment, as its owner reads it: what it leans on, what needs somebody, what is left of the
//! machine. Looks and, but for `repair`, changes nothing; whoever does not answer in time is not waited for.

use super::moving::wish::{self, MoveRefused};
use super::state::Appliance;
use crate::config::areas::{CacheHome, Database, Runtime, Vectors};
use crate::config::load::Config;
use crate::issues::checks::{self, disk};
use crate::issues::ground::RepairError;
use crate::issues::kind;
use crate::issues::snapshot::{EngineSeen, Snapshot};
use crate::issues::{self, centre, gather};
use crate::meter::watch::Figures;
use crate::plan::make::Plan;
use crate::plan::planned::{ImageWish, Planned};
use crate::services::name::ServiceName;
use crate::services::view::ServiceView;
use std::net::SocketAddr;
use std::time::Duration;
use web::ports::system::{
    Choice, Container, Health, Home, Issue, Kept, Load, Made, Part, Refused, Repair, Service, Severity,
    Stage, Takes, Trouble,
};

/// A page is not kept waiting by what does not answer.
const PATIENCE: Duration = Duration::from_millis(250);
/// Figures are taken beside; those that are not there yet come with the next look.
const FIGURES: Duration = Duration::from_millis(100);

/// As addresses have it, where it is not in a container of the box's own.
pub const STORE: &str = "store";

pub async fn of(appliance: &Appliance) -> Health {
    let services = appliance.services();
    let (snapshot, figures) = tokio::join!(gather::here(appliance, PATIENCE), services.meter.look(FIGURES));
    let stand = Stand {
        config: appliance.config(),
        door: appliance.address(),
        snapshot: &snapshot,
        figures: &figures,
        plan: services.plan().await,
        store: store_choice(appliance).await,
        cache: choice(appliance, ServiceName::Redis).await,
        engine: choice(appliance, ServiceName::Engine).await,
        voice: choice(appliance, ServiceName::Voice).await,
    };
    let issues = checks::run(&snapshot).iter().map(issue).collect();
    Health { services: stand.services(), issues, is_complete: snapshot.silent.is_empty() }
}

/// Whether its owner may say where this one runs.
pub async fn may_be_chosen(appliance: &Appliance, service: ServiceName) -> bool {
    matches!(choice(appliance, service).await, Choice::Free(_))
}

async fn choice(appliance: &Appliance, service: ServiceName) -> Choice {
    match (appliance.services().in_container(service).await, service) {
        (Some(planned), _) => Choice::Free(made(&planned)),
        (None, ServiceName::Engine) => Choice::Only,
        (None, _) if appliance.config().runtime == Runtime::Native => Choice::NativeOnly,
        (None, _) => Choice::Configured,
    }
}

async fn store_choice(appliance: &Appliance) -> Choice {
    let planned = match wish::is_free(appliance.config()) {
        Ok(()) => appliance.services().in_container(ServiceName::Postgres).await,
        Err(MoveRefused::Native) => return Choice::NativeOnly,
        Err(_) => None,
    };
    planned.map_or(Choice::Configured, |planned| Choice::Moves(made(&planned)))
}

fn made(planned: &Planned) -> Made {
    let image = match &planned.image {
        ImageWish::Named(reference) => Some(reference.clone()),
        ImageWish::Own => None,
    };
    Made { image, most_memory_bytes: planned.memory_bytes }
}

/// All that is known when the services are told.
struct Stand<'a> {
    config: &'a Config,
    /// Where the box itself answers.
    door: SocketAddr,
    snapshot: &'a Snapshot,
    figures: &'a Figures,
    plan: Plan,
    store: Choice,
    cache: Choice,
    engine: Choice,
    voice: Choice,
}

impl Stand<'_> {
    fn services(&self) -> Vec<Service> {
        let vectors = matches!(self.config.vectors, Vectors::Embedded).then(|| self.vectors());
        let voice = self.config.voice.is_on.then(|| self.voice());
        let all = [Some(self.store()), Some(self.engine()), Some(self.cache()), vectors, voice];
        all.into_iter().flatten().collect()
    }

    fn store(&self) -> Service {
        let kind = self.config.database.kind().name();
        let home = match self.config.database {
            Database::Ours { .. } => {
                let store = self.plain("postgres", Part::Store, kind, Home::Container, self.store.clone());
                return self.in_container(ServiceName::Postgres, store);
            }
            Database::Sqlite { .. } => Home::Native,
            Database::Postgres(_) => Home::Elsewhere,
        };
        self.plain(STORE, Part::Store, kind, home, self.store.clone())
    }

    fn cache(&self) -> Service {
        let wanted = self.plan.services.contains_key(&ServiceName::Redis);
        let (name, kind, home) = match self.config.cache.home {
            CacheHome::Memory if wanted => ("redis", "redis", Home::Container),
            CacheHome::Memory => ("redis", "memory", Home::Native),
            CacheHome::Disk => ("cache", "disk", Home::Native),
            CacheHome::Redis { .. } => ("cache", "redis", Home::Elsewhere),
        };
        let cache = self.plain(name, Part::Cache, kind, home, self.cache.clone());
        self.in_container(ServiceName::Redis, cache)
    }

    /// It lives beside the store, and answers as long as that does.
    fn vectors(&self) -> Service {
        Service {
            stage: self.stage_of("store"),
            ..self.plain("vectors", Part::Vectors, "embedded", Home::Native, Choice::Only)
        }
    }

    /// In its container while that serves; ours stands by, and answers where there is none.
    fn engine(&self) -> Service {
        let stage = match &self.snapshot.engine {
            EngineSeen::Up(_) => Stage::Answers,
            EngineSeen::Down(why) | EngineSeen::DoesNotStart(why) => Stage::Silent(why.clone()),
            EngineSeen::Silent => Stage::Unheard,
        };
        let wanted = self.plan.services.contains_key(&ServiceName::Engine);
        let home = if wanted { Home::Container } else { Home::Native };
        let engine = self.plain("engine", Part::Engine, "engine", home, self.engine.clone());
        let address = (home == Home::Native).then_some(self.door);
        self.in_container(ServiceName::Engine, Service { stage, address, is_needed: true, ..engine })
    }

    /// In its container while that serves; that of this process stands by, and says to each call what it lacks.
    fn voice(&self) -> Service {
        let wanted = self.plan.services.contains_key(&ServiceName::Voice);
        let home = if wanted { Home::Container } else { Home::Native };
        let voice = self.plain("voice", Part::Voice, "voice", home, self.voice.clone());
        self.in_container(ServiceName::Voice, Service { stage: Stage::Answers, ..voice })
    }

    /// As the engine tells it.
    fn plain(&self, name: &str, part: Part, kind: &str, home: Home, choice: Choice) -> Service {
        let told = match part {
            Part::Store => "store",
            Part::Cache => "cache",
            Part::Vectors => "vectors",
            Part::Engine => "engine",
            Part::Voice => "voice",
        };
        Service {
            name: name.to_owned(),
            part,
            kind: kind.to_owned(),
            home,
            stage: self.stage_of(told),
            is_needed: part == Part::Store,
            address: None,
            takes: match home {
                Home::Native => {
                    Takes { memory_bytes: self.figures.own.memory_own, cores: self.figures.own_cores }
                }
                Home::Container | Home::Elsewhere => Takes::default(),
            },
            container: None,
            trouble: None,
            choice,
        }
    }

    fn stage_of(&self, part: &str) -> Stage {
        let EngineSeen::Up(status) = &self.snapshot.engine else { return Stage::Unheard };
        match status.parts.iter().find(|told| told.name == part) {
            Some(told) if told.ok => Stage::Answers,
            Some(told) => Stage::Silent(told.detail.clone()),
            None => Stage::Unheard,
        }
    }

    /// The same service, as its keeper tells it, where it runs or is wanted in a container.
    fn in_container(&self, name: ServiceName, service: Service) -> Service {
        let Some(view) = self.snapshot.services.iter().find(|view| view.name == name) else { return service };
        let planned = self.plan.services.get(&name);
        let container = Container {
            image: view.image.clone(),
            id: view.container.clone(),
            port: planned.map(|planned| planned.port),
            starts: view.starts,
            most_memory_bytes: planned.map(|planned| planned.memory_bytes),
            last_lines: view.last_lines.clone(),
        };
        let trouble = view.trouble.as_ref().map(|trouble| Trouble {
            what: trouble.fault.what().to_owned(),
            next: trouble.fault.next().to_owned(),
            detail: trouble.detail.clone(),
            next_try: view.next_try.map(|at| at.0),
        });
        let taken = self.figures.services.get(&name).copied().unwrap_or_default();
        Service {
            stage: stage(view),
            address: view.address,
            takes: Takes { memory_bytes: taken.memory_bytes, cores: taken.cores },
            container: Some(container),
            trouble,
            ..service
        }
    }
}

fn stage(view: &ServiceView) -> Stage {
    match (view.stage, view.serving_since) {
        ("serving", Some(since)) => Stage::Serving { since: since.0 },
        ("unwatched", _) => Stage::Unwatched,
        ("looking", _) => Stage::Looking,
        ("fetching", _) => Stage::Fetching,
        ("making", _) => Stage::Making,
        ("starting", _) => Stage::Starting,
        ("halting", _) => Stage::Halting,
        ("resting", _) => Stage::Resting,
        ("parked", _) => Stage::Parked,
        ("leaving", _) => Stage::Leaving,
        _ => Stage::Waiting,
    }
}

fn issue(found: &issues::issue::Issue) -> Issue {
    Issue {
        id: found.id.clone(),
        severity: match found.severity {
            kind::Severity::Error => Severity::Error,
            kind::Severity::Warning => Severity::Warning,
            kind::Severity::Note => Severity::Note,
        },
        what: found.what.clone(),
        next: found.next.clone(),
        repair: found.repair.map(|repair| match repair {
            kind::Repair::TryAgain => Repair::TryAgain,
            kind::Repair::LookAgain => Repair::LookAgain,
            kind::Repair::TrustImage => Repair::TrustImage,
            kind::Repair::ResetImages => Repair::ResetImages,
            kind::Repair::BeginEmpty => Repair::BeginEmpty,
            kind::Repair::GoWithout => Repair::GoWithout,
            kind::Repair::CloseDirectory => Repair::CloseDirectory,
            kind::Repair::RemoveLeftovers => Repair::RemoveLeftovers,
        }),
    }
}

pub async fn repair(appliance: &Appliance, issue: &str) -> Result<(), Refused> {
    match centre::repair(appliance, issue).await {
        Ok(_) => Ok(()),
        Err(RepairError::Unknown(_)) => Err(Refused::Unknown),
        Err(error) => Err(Refused::Failed(error.to_string())),
    }
}

pub async fn load(appliance: &Appliance) -> Load {
    let Figures { own, folders, .. } = appliance.services().meter.look(FIGURES).await;
    Load {
        memory_total: own.memory_total,
        memory_free: own.memory_free,
        group_total: own.group.map(|room| room.most_bytes),
        group_free: own.group.and_then(|room| room.most_bytes.checked_sub(room.taken_bytes?)),
        memory_own: own.memory_own,
        disk_total: own.disk.map(|space| space.total_bytes),
        disk_free: own.disk.map(|space| space.free_bytes),
        disk_reserve: disk::LOW,
        kept: folders.map(|folders| Kept {
            all: folders.all,
            data: folders.data,
            logs: folders.logs,
            bundles: folders.bundles,
            temporary: folders.temporary,
        }),
        cores: appliance.config().hardware.cores,
        busy: own.busy,
    }
}
