//! What containers stand on: one network of the box's own, and volumes for what must last.

use super::connection::Daemon;
use super::labels::Labels;
use super::sorting::{Doing, sorted};
use crate::containers::inspected::Inspected;
use crate::services::fault::{Fault, Trouble};
use crate::services::name::ServiceName;
use bollard::models::{NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use std::collections::HashMap;

impl Daemon {
    /// Ours, by id. One is what there should be; an engine makes a second one of the same name without a word.
    pub async fn networks(&self, name: &str, labels: &Labels) -> Result<Vec<String>, Trouble> {
        let named = HashMap::from([("name".to_owned(), vec![name.to_owned()])]);
        let options = ListNetworksOptionsBuilder::new().filters(&named).build();
        let found = self.docker.list_networks(Some(options)).await;
        let mut ours = Vec::new();
        for network in found.map_err(|error| sorted(&error, Doing::Ask))? {
            // The engine's filter takes any name that has this one in it.
            if network.name.as_deref() != Some(name) {
                continue;
            }
            if !labels.are_ours(network.labels.as_ref()) {
                let said = format!("the network {name} is not ours");
                return Err(Trouble::new(Fault::NameTaken, said));
            }
            ours.extend(network.id);
        }
        Ok(ours)
    }

    pub async fn remove_network(&self, id: &str) -> Result<(), Trouble> {
        self.docker.remove_network(id).await.map_err(|error| sorted(&error, Doing::Clear))
    }

    /// Reached from this machine, reaching nothing outside it.
    pub async fn make_network(&self, labels: &Labels) -> Result<(), Trouble> {
        let no_way_back = ("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "false".to_owned());
        let is_internal = self.profile.fences_by_internal_network();
        let request = NetworkCreateRequest {
            name: self.network(labels),
            driver: Some("bridge".to_owned()),
            internal: Some(is_internal),
            options: (!is_internal).then(|| HashMap::from([no_way_back])),
            labels: Some(labels.of_box()),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await.map(drop).map_err(|error| sorted(&error, Doing::Create))
    }

    /// One of the usual kind, for those who have to reach the outside.
    pub async fn make_way_out(&self, labels: &Labels) -> Result<(), Trouble> {
        let request = NetworkCreateRequest {
            name: labels.way_out(),
            driver: Some("bridge".to_owned()),
            labels: Some(labels.of_box()),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await.map(drop).map_err(|error| sorted(&error, Doing::Create))
    }

    /// A container that is not started yet gets a way out.
    pub async fn let_out(&self, container: &str, labels: &Labels) -> Result<(), Trouble> {
        let request =
            NetworkConnectRequest { container: container.to_owned(), ..NetworkConnectRequest::default() };
        let joined = self.docker.connect_network(&labels.way_out(), request).await;
        joined.map_err(|error| sorted(&error, Doing::Start))
    }

    /// The box's own container gets to where its services are. `false`: it is there, or has no need.
    pub async fn is_to_join(&self, labels: &Labels) -> Result<bool, Trouble> {
        let Some(own) = self.own.as_ref().filter(|_| self.profile.is_around_us) else { return Ok(false) };
        let Some(found) = self.look::<Inspected>(&format!("/containers/{}/json", own.id)).await? else {
            return Err(Trouble::new(Fault::Refused, "the box's own container is not there any more"));
        };
        let network = self.network(labels);
        Ok(found.networks().all(|joined| joined != network))
    }

    pub async fn join(&self, labels: &Labels) -> Result<(), Trouble> {
        let container = self.own.as_ref().map(|own| own.id.clone()).unwrap_or_default();
        let request = NetworkConnectRequest { container, ..NetworkConnectRequest::default() };
        let joined = self.docker.connect_network(&self.network(labels), request).await;
        joined.map_err(|error| sorted(&error, Doing::Start))
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
