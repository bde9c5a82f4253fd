//! One short run of an image, to see whether it runs here at all.

use super::connection::Daemon;
use super::labels::Labels;
use super::sorting::{Doing, sorted};
use crate::services::fault::{Fault, Trouble};
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig};
use futures::StreamExt;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(30);

impl Daemon {
    /// A container that asks the image for its version: no network, no rights, nothing to write to. Returns its id.
    pub async fn create_trial(&self, image: &str, labels: &Labels) -> Result<String, Trouble> {
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: Some(vec!["--version".to_owned()]),
            labels: Some(labels.of_trial()),
            network_disabled: Some(true),
            host_config: Some(HostConfig {
                network_mode: Some("none".to_owned()),
                cap_drop: Some(vec!["ALL".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                readonly_rootfs: Some(true),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let made = self.docker.create_container(None, body).await;
        Ok(made.map_err(|error| sorted(&error, Doing::Create))?.id)
    }

    /// With what its process ended, once it has.
    pub async fn outcome(&self, id: &str) -> Result<i64, Trouble> {
        let docker = self.waiting(LONGEST);
        let mut waiting = docker.wait_container(id, None);
        match tokio::time::timeout(LONGEST, waiting.next()).await {
            Ok(Some(Ok(ended))) => Ok(ended.status_code),
            Ok(Some(Err(Error::DockerContainerWaitError { code, .. }))) => Ok(code),
            Ok(Some(Err(error))) => Err(sorted(&error, Doing::Ask)),
            Ok(None) => Err(Trouble::new(Fault::EngineGone, "the engine broke off")),
            Err(_) => Err(Trouble::new(Fault::NeverReady, "its trial did not end")),
        }
    }
}
