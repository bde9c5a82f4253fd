//! The register of what can be wrong: each kind of issue is one row.

use crate::containers::state::State;
use crate::services::fault::{Fault, Remedy};
use crate::services::name::ServiceName;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssueKind {
    Configuration,
    EngineDoesNotStart,
    EngineUnreachable,
    /// Something was asked how it is, and did not say so in time.
    Unanswered,
    StoreUnreachable,
    CacheUnreachable,
    /// Something else the engine leans on.
    PartUnreachable,
    NoOwner,
    NoModel,
    DiskLow,
    MemoryLow,
    DataDirOpen,
    DataDirUnreadable,
    ContainersNotInstalled,
    ContainersStopped,
    ContainersStarting,
    ContainersPermissionDenied,
    ContainersApiTooOld,
    ContainersClientTooOld,
    ContainersNotDocker,
    ContainersDegraded,
    ContainersLost,
    ContainersDisabled,
    /// A service that is wanted in a container does not serve, and this is why.
    Service(ServiceName, Fault),
    /// A service is wanted in a container, and nothing is known that keeps it from being started.
    Waits(ServiceName),
    JobFailed,
    /// Steps in the container engine that a crash cut off.
    Leftovers,
}

/// The worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// What the box can do about it on its owner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    TryAgain,
    LookAgain,
    TrustImage,
    ResetImages,
    BeginEmpty,
    GoWithout,
    CloseDirectory,
    RemoveLeftovers,
}

impl IssueKind {
    /// All but those of one service.
    const PLAIN: [Self; 25] = [
        Self::Configuration,
        Self::EngineDoesNotStart,
        Self::EngineUnreachable,
        Self::Unanswered,
        Self::StoreUnreachable,
        Self::CacheUnreachable,
        Self::PartUnreachable,
        Self::NoOwner,
        Self::NoModel,
        Self::DiskLow,
        Self::MemoryLow,
        Self::DataDirOpen,
        Self::DataDirUnreadable,
        Self::ContainersNotInstalled,
        Self::ContainersStopped,
        Self::ContainersStarting,
        Self::ContainersPermissionDenied,
        Self::ContainersApiTooOld,
        Self::ContainersClientTooOld,
        Self::ContainersNotDocker,
        Self::ContainersDegraded,
        Self::ContainersLost,
        Self::ContainersDisabled,
        Self::JobFailed,
        Self::Leftovers,
    ];

    pub fn all() -> impl Iterator<Item = Self> {
        let of = |name| Fault::ALL.into_iter().map(move |fault| Self::Service(name, fault));
        let services = ServiceName::ALL.into_iter();
        let waits = services.clone().map(Self::Waits);
        Self::PLAIN.into_iter().chain(waits).chain(services.flat_map(of))
    }

    /// What a container engine in this state is, where containers are wanted. `None`: well.
    pub fn of_containers(state: State) -> Option<Self> {
        Some(match state {
            State::NotInstalled => Self::ContainersNotInstalled,
            State::Stopped => Self::ContainersStopped,
            State::Starting => Self::ContainersStarting,
            State::PermissionDenied => Self::ContainersPermissionDenied,
            State::ApiTooOld => Self::ContainersApiTooOld,
            State::ClientTooOld => Self::ContainersClientTooOld,
            State::NotDocker => Self::ContainersNotDocker,
            State::Degraded => Self::ContainersDegraded,
            State::Lost => Self::ContainersLost,
            State::Disabled => Self::ContainersDisabled,
            State::Running => return None,
        })
    }

    /// As commands, pages and `doctor --json` name it: promised.
    pub fn id(self) -> String {
        match self {
            Self::Service(name, fault) => format!("{name}_{}", fault.as_str()),
            Self::Waits(name) => format!("{name}_waits"),
            plain => plain.row().0.to_owned(),
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::all().find(|kind| kind.id() == id)
    }

    pub fn severity(self) -> Severity {
        self.row().1
    }

    pub fn repair(self) -> Option<Repair> {
        self.row().2
    }

    /// What its owner can do.
    pub fn next(self) -> &'static str {
        self.row().3
    }

    pub fn service(self) -> Option<ServiceName> {
        match self {
            Self::Service(name, _) | Self::Waits(name) => Some(name),
            _ => None,
        }
    }

    fn row(self) -> (&'static str, Severity, Option<Repair>, &'static str) {
        use Repair::{CloseDirectory, LookAgain, RemoveLeftovers};
        use Severity::{Error, Note, Warning};
        match self {
            Self::Configuration => ("configuration", Warning, None, "whisperengine config check"),
            Self::EngineDoesNotStart => (
                "engine_does_not_start",
                Error,
                None,
                "see what it says; `whisperengine logs errors` may have more",
            ),
            Self::EngineUnreachable => ("engine_unreachable", Error, None, "whisperengine logs errors"),
            Self::Unanswered => {
                ("unanswered", Note, None, "look again in a moment; what it would say is missing here")
            }
            Self::StoreUnreachable => (
                "store_unreachable",
                Error,
                None,
                "see that the database runs and the disk has room; nothing is acknowledged until then",
            ),
            Self::CacheUnreachable => (
                "cache_unreachable",
                Warning,
                None,
                "see that the Redis server runs; the box goes on without it",
            ),
            Self::PartUnreachable => ("part_unreachable", Warning, None, "whisperengine logs errors"),
            Self::NoOwner => {
                ("no_owner", Warning, None, "whisperengine setup --owner NAME --password-file FILE")
            }
            Self::NoModel => {
                ("no_model", Note, None, "connect one with `setup --model-url`, or through the API")
            }
            Self::DiskLow => ("disk_low", Warning, None, "make room, or move the data directory"),
            Self::MemoryLow => {
                ("memory_low", Warning, None, "end what is not needed, or give the machine more memory")
            }
            Self::DataDirOpen => {
                ("data_dir_open", Warning, Some(CloseDirectory), "close it to everybody but yourself")
            }
            Self::DataDirUnreadable => ("data_dir_unreadable", Error, None, "whisperengine up"),
            Self::ContainersNotInstalled => (
                "containers_not_installed",
                Warning,
                Some(LookAgain),
                "install Docker or Podman; until then the box does what it can in its own process",
            ),
            Self::ContainersStopped => (
                "containers_stopped",
                Warning,
                Some(LookAgain),
                "start the container engine, then have the box look again",
            ),
            Self::ContainersStarting => (
                "containers_starting",
                Note,
                Some(LookAgain),
                "wait a moment; if it lasts, restart the container engine",
            ),
            Self::ContainersPermissionDenied => (
                "containers_permission_denied",
                Warning,
                Some(LookAgain),
                "let this user use the container engine, then have the box look again",
            ),
            Self::ContainersApiTooOld => (
                "containers_api_too_old",
                Warning,
                Some(LookAgain),
                "update the container engine, then have the box look again",
            ),
            Self::ContainersClientTooOld => {
                ("containers_client_too_old", Warning, Some(LookAgain), "update WhisperEngine")
            }
            Self::ContainersNotDocker => (
                "containers_not_docker",
                Warning,
                Some(LookAgain),
                "name the place of the container engine with containers.host",
            ),
            Self::ContainersDegraded => (
                "containers_degraded",
                Warning,
                Some(LookAgain),
                "look at the container engine's own log; the box uses what works",
            ),
            Self::ContainersLost => (
                "containers_lost",
                Warning,
                Some(LookAgain),
                "start the container engine again, then have the box look again",
            ),
            Self::ContainersDisabled => (
                "containers_disabled",
                Warning,
                None,
                "name a container engine of this machine with containers.host, or wish for no containers",
            ),
            Self::JobFailed => ("job_failed", Warning, None, "see what it says; it can be begun again"),
            Self::Leftovers => (
                "leftovers",
                Note,
                Some(RemoveLeftovers),
                "have the box look at its containers and remove what is left over",
            ),
            Self::Waits(_) => (
                "waits",
                Warning,
                Some(LookAgain),
                "look at `whisperengine logs errors`, and at the container engine's own log",
            ),
            Self::Service(name, fault) => ("", severe(name, fault), Some(helps(name, fault)), fault.next()),
        }
    }
}

/// Who has a stand-in in the box's own process is missed less.
pub fn has_stand_in(name: ServiceName) -> bool {
    match name {
        ServiceName::Redis | ServiceName::Engine | ServiceName::Voice => true,
        ServiceName::Postgres => false,
    }
}

fn severe(name: ServiceName, fault: Fault) -> Severity {
    match fault.remedy() {
        _ if !has_stand_in(name) => Severity::Error,
        // The container engine is what is wrong, and is an issue of its own.
        Remedy::Wait => Severity::Note,
        // It computes on the processor.
        _ if fault == Fault::GraphicsRefused => Severity::Note,
        Remedy::Again | Remedy::Rest => Severity::Warning,
    }
}

fn helps(name: ServiceName, fault: Fault) -> Repair {
    match fault {
        Fault::EngineGone | Fault::EngineHung | Fault::EngineBusy => Repair::LookAgain,
        Fault::WrongDigest => Repair::TrustImage,
        Fault::BuildFailed => Repair::ResetImages,
        Fault::VolumeGone => Repair::BeginEmpty,
        Fault::OutOfMemory | Fault::WrongPlatform if has_stand_in(name) => Repair::GoWithout,
        Fault::NameTaken
        | Fault::PortTaken
        | Fault::ImageGone
        | Fault::ImageUnknown
        | Fault::RegistryDown
        | Fault::RegistryClosed
        | Fault::RateLimited
        | Fault::WrongPlatform
        | Fault::PullStalled
        | Fault::BundleDamaged
        | Fault::DiskFull
        | Fault::Crashed
        | Fault::OutOfMemory
        | Fault::NeverReady
        | Fault::Hung
        | Fault::Removed
        | Fault::Cancelled
        | Fault::Refused
        | Fault::GraphicsRefused => Repair::TryAgain,
    }
}

impl Repair {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TryAgain => "try_again",
            Self::LookAgain => "look_again",
            Self::TrustImage => "trust_image",
            Self::ResetImages => "reset_images",
            Self::BeginEmpty => "begin_empty",
            Self::GoWithout => "go_without",
            Self::CloseDirectory => "close_directory",
            Self::RemoveLeftovers => "remove_leftovers",
        }
    }

    /// What pressing the button does, for whoever thinks about it.
    pub fn promise(self) -> &'static str {
        match self {
            Self::TryAgain => "try it again now",
            Self::LookAgain => "look for the container engine again",
            Self::TrustImage => "take the image as it is now, and try again",
            Self::ResetImages => "forget what is known of all images, and try again",
            Self::BeginEmpty => "begin with an empty volume; what the old one kept stays gone",
            Self::GoWithout => "do without the container, in the box's own process",
            Self::CloseDirectory => "close the data directory to everybody else",
            Self::RemoveLeftovers => "look at the box's containers and remove what is left over",
        }
    }
}
