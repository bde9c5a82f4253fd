//! The service manager of this platform, chosen while the program runs.

use super::ground::Ground;
use super::launch::Launch;
use super::launchd::{self, Launchd};
use super::outcome::{Done, Scope, ServiceError, Standing};
use super::systemd::control::Systemd;
use super::systemd::unit;
use super::windows::Tasks;
use std::path::{Path, PathBuf};

pub enum Manager<'a> {
    Systemd(Systemd<'a>),
    Launchd(Launchd<'a>),
    Tasks(Tasks<'a>),
}

impl<'a> Manager<'a> {
    pub fn of(ground: &'a Ground<'a>) -> Result<Self, ServiceError> {
        match ground.machine.platform.as_str() {
            "linux" => Ok(Self::Systemd(Systemd::new(ground))),
            "macos" => Ok(Self::Launchd(Launchd::new(ground))),
            "windows" => Ok(Self::Tasks(Tasks::new(ground))),
            other => Err(ServiceError::UnknownPlatform(other.to_owned())),
        }
    }

    /// What would be written, and where. Touches nothing.
    pub fn preview(&self, launch: &Launch, scope: Scope) -> Result<(PathBuf, String), ServiceError> {
        Ok(match self {
            Self::Systemd(systemd) => (systemd.unit_path()?, unit::render(launch, scope)),
            Self::Launchd(launchd) => (launchd.unit_path()?, launchd::render(launch, scope)),
            Self::Tasks(tasks) => (Tasks::unit_path(launch.data_dir.root()), tasks.render(launch)),
        })
    }

    pub async fn install(&self, launch: &Launch) -> Result<Done, ServiceError> {
        match self {
            Self::Systemd(systemd) => systemd.install(launch).await,
            Self::Launchd(launchd) => launchd.install(launch).await,
            Self::Tasks(tasks) => tasks.install(launch).await,
        }
    }

    pub async fn remove(&self, data_dir: &Path) -> Result<Done, ServiceError> {
        match self {
            Self::Systemd(systemd) => systemd.remove().await,
            Self::Launchd(launchd) => launchd.remove().await,
            Self::Tasks(tasks) => tasks.remove(data_dir).await,
        }
    }

    pub async fn status(&self, data_dir: &Path) -> Result<Standing, ServiceError> {
        match self {
            Self::Systemd(systemd) => systemd.status().await,
            Self::Launchd(launchd) => launchd.status().await,
            Self::Tasks(tasks) => tasks.status(data_dir).await,
        }
    }
}
