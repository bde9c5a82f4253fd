//! Containers of this box: found, made, started, ended.

use super::connection::{Daemon, PATIENCE};
use super::inspected::{Listed, address, life};
use super::labels::{Card, Labels, PLAN, service_of};
use super::sorting::{Doing, short, sorted};
use crate::containers::graphics::HandOver;
use crate::containers::inspected::Inspected;
use crate::containers::state::Kind;
use crate::plan::planned::{MODELS, Planned, SECRETS, User};
use crate::services::fault::{Fault, Trouble};
use crate::services::name::ServiceName;
use bollard::models::{
    ContainerCreateBody, DeviceRequest, EndpointSettings, HealthConfig, HostConfig, Mount, MountType,
    MountVolumeOptions, NetworkingConfig, PortBinding,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StopContainerOptionsBuilder,
};
use futures::StreamExt;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Lines of a container's log come at once or not at all.
const LOG_SILENCE: Duration = Duration::from_secs(3);

/// A container of ours, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub id: String,
    pub service: Option<ServiceName>,
    /// Fingerprint of the plan it was made by.
    pub plan: String,
    pub image_id: String,
    pub life: Life,
    /// Names of the networks it is in.
    pub networks: Vec<String>,
    /// Where this machine reaches it.
    pub address: Option<SocketAddr>,
    /// The folder of the machine that its secrets come from.
    pub secrets: Option<PathBuf>,
    /// And its models.
    pub models: Option<PathBuf>,
    pub card: Card,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    Idle,
    Runs,
    Ended(Trouble),
}

impl Daemon {
    /// Every container with this box's label, whatever its state.
    pub async fn ours(&self, labels: &Labels) -> Result<Vec<(String, Option<ServiceName>)>, Trouble> {
        let filters = serde_json::to_string(&labels.filter()).expect("a filter is plain data");
        let filters = url::form_urlencoded::byte_serialize(filters.as_bytes()).collect::<String>();
        let found: Option<Vec<Listed>> =
            self.look(&format!("/containers/json?all=true&filters={filters}")).await?;
        let is_own = |id: &str| self.own.as_ref().is_some_and(|own| own.id == id);
        let ours = found.into_iter().flatten();
        let ours = ours.filter(|one| labels.are_of_our_container(one.labels.as_ref()) && !is_own(&one.id));
        Ok(ours.map(|one| (one.id, one.labels.as_ref().and_then(service_of))).collect())
    }

    /// By id or name. `None`: there is no such container, or it is somebody else's.
    pub async fn find(&self, name: &str, port: u16, labels: &Labels) -> Result<Option<Found>, Trouble> {
        let Some(found) = self.look::<Inspected>(&format!("/containers/{name}/json")).await? else {
            return Ok(None);
        };
        let theirs = found.config.labels.as_ref();
        if !labels.are_of_our_container(theirs) {
            return Ok(None);
        }
        let directly = self.profile.is_reached_directly().then(|| self.network(labels));
        Ok(Some(Found {
            service: theirs.and_then(service_of),
            plan: theirs.and_then(|labels| labels.get(PLAN)).cloned().unwrap_or_default(),
            networks: found.networks().map(str::to_owned).collect(),
            life: life(&found.state),
            address: address(&found, port, directly.as_deref()),
            secrets: found.mounted_at(Path::new(SECRETS)),
            models: found.mounted_at(Path::new(MODELS)),
            card: theirs.map(Card::read).unwrap_or_default(),
            image_id: found.image,
            id: found.id,
        }))
    }

    /// Returns its id. `host_port` is free right now; whether it still is when it starts, the engine says.
    pub async fn create(
        &self,
        planned: &Planned,
        image: &str,
        host_port: u16,
        labels: &Labels,
        card: &Card,
    ) -> Result<String, Trouble> {
        let name = labels.container(planned.service);
        let binds = self.binds(planned)?;
        let mut body = self.body(planned, image, host_port, labels, binds);
        if planned.graphics {
            body.labels.get_or_insert_default().extend(card.labels());
        }
        if let (Card::Given, Some(host), Some(how)) = (card, &mut body.host_config, &self.graphics) {
            host.device_requests = Some(vec![request(how)]);
        }
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let made = self.docker.create_container(Some(options), body).await;
        Ok(made.map_err(|error| sorted(&error, Doing::Create))?.id)
    }

    pub async fn start(&self, id: &str) -> Result<(), Trouble> {
        self.docker.start_container(id, None).await.map_err(|error| sorted(&error, Doing::Start))
    }

    /// Politely, then hard after its grace.
    pub async fn stop(&self, id: &str, grace: Duration) -> Result<(), Trouble> {
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::new().t(seconds).build();
        let stopped = self.waiting(grace + PATIENCE).stop_container(id, Some(options)).await;
        absent_is_fine(stopped.map_err(|error| sorted(&error, Doing::Clear)))
    }

    /// With what was only its own, running or not. Named volumes stay.
    pub async fn remove(&self, id: &str) -> Result<(), Trouble> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let removed = self.docker.remove_container(id, Some(options)).await;
        absent_is_fine(removed.map_err(|error| sorted(&error, Doing::Clear)))
    }

    /// Its last lines, oldest first.
    pub async fn last_lines(&self, id: &str, count: usize) -> Result<Vec<String>, Trouble> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&count.to_string()).build();
        let mut lines = Vec::new();
        let mut stream = self.docker.logs(id, Some(options));
        while let Ok(Some(next)) = tokio::time::timeout(LOG_SILENCE, stream.next()).await {
            let output = next.map_err(|error| sorted(&error, Doing::Ask))?;
            let text = String::from_utf8_lossy(&output.into_bytes()).into_owned();
            lines.extend(text.lines().map(short).filter(|line| !line.is_empty()));
        }
        let surplus = lines.len().saturating_sub(count);
        Ok(lines.split_off(surplus))
    }

    /// A box in a container counts its users as its services do. Elsewhere, without root on the outside, nobody on the inside is the box's owner; Docker makes root that, Podman whom it is told.
    fn user(&self, user: &User) -> Option<String> {
        match user {
            User::OfImage => None,
            User::Inside(id) => Some(format!("{id}:{id}")),
            User::OfBox { .. } if self.is_rootless_beside_us(Kind::Docker) => Some("0:0".to_owned()),
            User::OfBox { uid, gid } => Some(format!("{uid}:{gid}")),
        }
    }

    fn keeps_ids(&self, user: &User) -> bool {
        matches!(user, User::OfBox { .. }) && self.is_rootless_beside_us(Kind::Podman)
    }

    fn is_rootless_beside_us(&self, kind: Kind) -> bool {
        self.own.is_none() && self.profile.is_rootless && self.profile.kind == kind
    }

    /// Folders of the machine, none of which it can write.
    fn binds(&self, planned: &Planned) -> Result<Vec<String>, Trouble> {
        let relabel = if self.profile.is_labelled { ":ro,z" } else { ":ro" };
        let seen = [(Some(&planned.secrets), SECRETS), (planned.models.as_ref(), MODELS)];
        let seen = seen.into_iter().filter_map(|(folder, inside)| Some((folder?, inside)));
        seen.map(|(folder, inside)| Ok(format!("{}:{inside}{relabel}", self.outside(folder)?.display())))
            .collect()
    }

    fn body(
        &self,
        planned: &Planned,
        image: &str,
        host_port: u16,
        labels: &Labels,
        binds: Vec<String>,
    ) -> ContainerCreateBody {
        let port = format!("{}/tcp", planned.port);
        let binding =
            PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(host_port.to_string()) };
        let published = (!self.profile.is_reached_directly())
            .then(|| HashMap::from([(port.clone(), Some(vec![binding]))]));
        let scratch =
            planned.scratch.iter().map(|path| (path.clone(), "rw,nosuid,nodev,mode=1777".to_owned()));
        let host_config = HostConfig {
            binds: Some(binds),
            mounts: Some(
                planned.keeps.iter().map(|target| volume(planned.service, target, labels)).collect(),
            ),
            tmpfs: Some(scratch.collect()),
            network_mode: Some(self.network(labels)),
            port_bindings: published,
            memory: i64::try_from(planned.memory_bytes).ok(),
            pids_limit: Some(i64::from(planned.processes)),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(planned.capabilities.clone()),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            // Docker passes names it does not know on, to whoever answers the machine's own questions: a way out.
            dns: (self.profile.kind == Kind::Docker && !planned.reaches_out)
                .then(|| vec!["127.0.0.1".to_owned()]),
            readonly_rootfs: Some(true),
            userns_mode: self.keeps_ids(&planned.user).then(|| "keep-id".to_owned()),
            ..HostConfig::default()
        };
        let endpoint = EndpointSettings {
            aliases: Some(vec![planned.service.to_string()]),
            ..EndpointSettings::default()
        };
        ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: (!planned.command.is_empty()).then(|| planned.command.clone()),
            env: Some(planned.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            user: self.user(&planned.user),
            exposed_ports: Some(vec![port]),
            labels: Some(labels.of_service(planned.service, &planned.fingerprint())),
            // The box asks by itself, as its users would.
            healthcheck: Some(HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..HealthConfig::default()
            }),
            stop_timeout: Some(i64::from(planned.grace_seconds)),
            host_config: Some(host_config),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(self.network(labels), endpoint)])),
            }),
            ..ContainerCreateBody::default()
        }
    }
}

/// As engines are asked for all the cards they have.
fn request(how: &HandOver) -> DeviceRequest {
    match how {
        HandOver::Runtime => DeviceRequest {
            driver: Some(String::new()),
            count: Some(-1),
            capabilities: Some(vec![vec!["gpu".to_owned()]]),
            ..DeviceRequest::default()
        },
        HandOver::Cdi(device) => DeviceRequest {
            driver: Some("cdi".to_owned()),
            device_ids: Some(vec![device.clone()]),
            ..DeviceRequest::default()
        },
    }
}

fn volume(service: ServiceName, target: &str, labels: &Labels) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(labels.volume(service)),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            labels: Some(labels.of_box()),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

fn absent_is_fine(done: Result<(), Trouble>) -> Result<(), Trouble> {
    match done {
        Err(trouble) if trouble.fault == Fault::Removed => Ok(()),
        other => other,
    }
}
