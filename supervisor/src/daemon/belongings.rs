//! Everything in an engine that carries a box's label: what goes when the box goes.

use super::connection::Daemon;
use super::labels::{Labelled, Labels};
use super::sorting::{Doing, sorted};
use crate::services::fault::{Fault, Trouble};
use bollard::query_parameters::RemoveVolumeOptions;
use serde::Deserialize;

/// By what it is told to go, and as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonging {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    pub containers: Vec<Belonging>,
    pub networks: Vec<Belonging>,
    pub volumes: Vec<Belonging>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    labels: Option<Labelled>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    id: String,
    name: String,
    labels: Option<Labelled>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volumes {
    #[serde(default)]
    volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volume {
    name: String,
    labels: Option<Labelled>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    labels: Option<Labelled>,
}

impl Belongings {
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.networks.is_empty() && self.volumes.is_empty()
    }
}

impl Daemon {
    /// What an engine lists is looked through here again: one that does not know a filter lists everything.
    pub async fn belongings(&self, labels: &Labels) -> Result<Belongings, Trouble> {
        let filters = filters(labels);
        let containers: Option<Vec<Container>> =
            self.look(&format!("/containers/json?all=true&filters={filters}")).await?;
        let networks: Option<Vec<Network>> = self.look(&format!("/networks?filters={filters}")).await?;
        let volumes: Option<Volumes> = self.look(&format!("/volumes?filters={filters}")).await?;
        let container = |one: Container| Belonging {
            name: one.names.first().map_or(&one.id, |name| name).trim_start_matches('/').to_owned(),
            id: one.id,
        };
        let ours = |labelled: &Option<Labelled>| labels.are_ours(labelled.as_ref());
        let is_own = |id: &str| self.own.as_ref().is_some_and(|own| own.id == id);
        // What somebody runs of an image that the box made has that image's labels, and is theirs.
        let made = |one: &Container| labels.are_of_our_container(one.labels.as_ref()) && !is_own(&one.id);
        let containers = containers.into_iter().flatten().filter(made);
        let networks = networks.into_iter().flatten().filter(|one| ours(&one.labels));
        let volumes = volumes.unwrap_or_default().volumes.unwrap_or_default().into_iter();
        let volumes = volumes.filter(|one| ours(&one.labels));
        Ok(Belongings {
            containers: containers.map(container).collect(),
            networks: networks.map(|one| Belonging { id: one.id, name: one.name }).collect(),
            volumes: volumes.map(|one| Belonging { id: one.name.clone(), name: one.name }).collect(),
        })
    }

    /// Whether an image was built here by this box.
    pub async fn has_image_of(&self, labels: &Labels) -> Result<bool, Trouble> {
        let images: Option<Vec<Image>> =
            self.look(&format!("/images/json?filters={}", filters(labels))).await?;
        Ok(images.into_iter().flatten().any(|image| labels.are_ours(image.labels.as_ref())))
    }

    /// With everything that is kept in it.
    pub async fn remove_volume(&self, name: &str) -> Result<(), Trouble> {
        let removed = self.docker.remove_volume(name, None::<RemoveVolumeOptions>).await;
        match removed.map_err(|error| sorted(&error, Doing::Clear)) {
            Err(trouble) if trouble.fault == Fault::Removed => Ok(()),
            other => other,
        }
    }
}

fn filters(labels: &Labels) -> String {
    let filters = serde_json::to_string(&labels.filter()).expect("a filter is plain data");
    url::form_urlencoded::byte_serialize(filters.as_bytes()).collect()
}
