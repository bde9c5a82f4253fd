//! What containers stand on: one network of the box's own, and volumes for what must last.

use super::connection::Daemon;
use super::labels::Labels;
use super::sorting::{Doing, sorted};
use crate::services::fault::{Fault, Trouble};
use crate::services::name::ServiceName;
use bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use std::collections::HashMap;

impl Daemon {
    /// Whether it is there, and ours.
    pub async fn has_network(&self, labels: &Labels) -> Result<bool, Trouble> {
        match self.docker.inspect_network(&labels.network(), None).await {
            Ok(found) if labels.are_ours(found.labels.as_ref()) => Ok(true),
            Ok(_) => {
                Err(Trouble::new(Fault::NameTaken, format!("the network {} is not ours", labels.network())))
            }
            Err(error) => absent(sorted(&error, Doing::Ask)),
        }
    }

    /// Reached from this machine, reaching nothing outside it.
    pub async fn make_network(&self, labels: &Labels) -> Result<(), Trouble> {
        let no_way_back = ("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "false".to_owned());
        let is_internal = self.profile.fences_by_internal_network();
        let request = NetworkCreateRequest {
            name: labels.network(),
            driver: Some("bridge".to_owned()),
            internal: Some(is_internal),
            options: (!is_internal).then(|| HashMap::from([no_way_back])),
            labels: Some(labels.of_box()),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await.map(drop).map_err(|error| sorted(&error, Doing::Create))
    }

    pub async fn has_volume(&self, service: ServiceName, labels: &Labels) -> Result<bool, Trouble> {
        let name = labels.volume(service);
        match self.docker.inspect_volume(&name).await {
            Ok(found) if labels.are_ours(Some(&found.labels)) => Ok(true),
            Ok(_) => Err(Trouble::new(Fault::NameTaken, format!("the volume {name} is not ours"))),
            Err(error) => absent(sorted(&error, Doing::Ask)),
        }
    }

    pub async fn make_volume(&self, service: ServiceName, labels: &Labels) -> Result<(), Trouble> {
        let request = VolumeCreateRequest {
            name: Some(labels.volume(service)),
            labels: Some(labels.of_box()),
            ..VolumeCreateRequest::default()
        };
        self.docker.create_volume(request).await.map(drop).map_err(|error| sorted(&error, Doing::Create))
    }
}

fn absent(trouble: Trouble) -> Result<bool, Trouble> {
    if trouble.fault == Fault::Removed { Ok(false) } else { Err(trouble) }
}
