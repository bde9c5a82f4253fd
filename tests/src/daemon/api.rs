//! What each call does to the stock, and what Docker answers it.

use super::news::{wanted, wanted_labels};
use super::process::{self, Refused, no_container};
use super::script::{Call, broken_off};
use super::shared::{Shared, lock};
use super::stock::{Container, Labels, Life, Network, Volume, labels, new_id};
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) type Reply = Response<Body>;

const VERSION: &str = "1.47";

pub(super) async fn act(shared: &Arc<Shared>, call: &Call, body: &Bytes) -> Reply {
    let parts: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    let asked = match (call.method.as_str(), parts.as_slice()) {
        (_, ["_ping"]) => Ok(ping()),
        ("GET", ["version"]) => Ok(told(StatusCode::OK, &version())),
        ("GET", ["info"]) => Ok(told(StatusCode::OK, &info(shared))),
        ("GET", ["events"]) => Ok(Response::new(Body::from_stream(shared.news.lines(call)))),
        (_, ["containers", ..]) => containers(shared, call, &parts, body).await,
        ("POST", ["build"]) => Ok(build(shared, call)),
        (_, ["images", ..]) => images(shared, call, &parts, body),
        (_, ["networks" | "volumes", ..]) => grounds(shared, call, &parts, body),
        _ => Err((404, "page not found".to_owned())),
    };
    asked.unwrap_or_else(refusal)
}

pub(super) fn refusal((status, message): Refused) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    told(status, &json!({"message": message}))
}

fn told(status: StatusCode, value: &Value) -> Reply {
    (status, axum::Json(value)).into_response()
}

fn bare(status: StatusCode) -> Reply {
    status.into_response()
}

fn ping() -> Reply {
    let version = (HeaderName::from_static("api-version"), HeaderValue::from_static(VERSION));
    ([version], "OK").into_response()
}

fn version() -> Value {
    json!({
        "Version": "27.9.1", "ApiVersion": VERSION, "MinAPIVersion": "1.24", "Os": "linux",
        "Components": [{"Name": "Engine", "Version": "27.9.1"}],
    })
}

fn info(shared: &Shared) -> Value {
    let root = lock(&shared.root).clone().unwrap_or_else(|| shared.folder.clone());
    let mut runtimes = json!({"runc": {"path": "runc"}});
    if lock(&shared.cards).is_some() {
        runtimes["nvidia"] = json!({"path": "nvidia-container-runtime"});
    }
    json!({"Runtimes": runtimes, "DockerRootDir": root, "Driver": "overlay2", "OSType": "linux", "CgroupVersion": "2", "SecurityOptions": ["name=seccomp"]})
}

async fn containers(
    shared: &Arc<Shared>,
    call: &Call,
    parts: &[&str],
    body: &Bytes,
) -> Result<Reply, Refused> {
    match (call.method.as_str(), parts) {
        ("GET", [_, "json"]) => Ok(list(shared, call)),
        ("POST", [_, "create"]) => create(shared, call, body),
        ("GET", [_, named, "json"]) => {
            let mut stock = lock(&shared.stock);
            let container = stock.container(named).ok_or_else(|| no_container(named))?;
            Ok(told(StatusCode::OK, &container.shown()))
        }
        ("GET", [_, named, "logs"]) => {
            let id = lock(&shared.stock).container(named).ok_or_else(|| no_container(named))?.id.clone();
            let log = shared.folder.join(id);
            let said = std::fs::read(&log).unwrap_or_default();
            let begun = std::fs::metadata(&log).and_then(|about| about.created()).unwrap_or(UNIX_EPOCH);
            let tail = call.asked("tail").and_then(|tail| tail.parse().ok());
            let said = framed(
                &said,
                (call.asked("timestamps") == Some("true")).then_some(begun),
                tail.unwrap_or(usize::MAX),
            );
            Ok(Response::new(Body::from(said)))
        }
        ("GET", [_, named, "stats"]) => {
            let life = lock(&shared.stock).container(named).ok_or_else(|| no_container(named))?.life.clone();
            Ok(told(StatusCode::OK, &process::stats(&life)))
        }
        ("POST", [_, named, "start"]) => process::start(shared, named).map(done),
        ("POST", [_, named, "stop"]) => {
            let grace = call.asked("t").and_then(|text| text.parse().ok()).unwrap_or(10);
            process::stop(shared, named, Duration::from_secs(grace)).await.map(done)
        }
        ("POST", [_, named, "wait"]) => {
            process::wait(shared, named).await.map(|code| told(StatusCode::OK, &json!({"StatusCode": code})))
        }
        ("DELETE", [_, named]) => remove(shared, named, call.asked("force") == Some("true")).await,
        _ => Err((404, "page not found".to_owned())),
    }
}

fn done(has_changed: bool) -> Reply {
    bare(if has_changed { StatusCode::NO_CONTENT } else { StatusCode::NOT_MODIFIED })
}

fn list(shared: &Shared, call: &Call) -> Reply {
    let (labels, stock) = (wanted_labels(call), lock(&shared.stock));
    let has = |one: &&Container| labels.iter().all(|(name, value)| one.labels.get(name) == Some(value));
    let all: Vec<_> = stock.containers.iter().filter(has).map(Container::listed).collect();
    told(StatusCode::OK, &Value::from(all))
}

fn create(shared: &Shared, call: &Call, body: &Bytes) -> Result<Reply, Refused> {
    let body: Value = serde_json::from_slice(body).map_err(|error| (400, error.to_string()))?;
    let name = call.asked("name").unwrap_or_default().to_owned();
    let mut stock = lock(&shared.stock);
    if let Some(other) = stock.container(&name) {
        let message = format!(
            "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or \
             rename) that container to be able to reuse that name.",
            other.id
        );
        return Err((409, message));
    }
    let wanted = body["Image"].as_str().unwrap_or_default();
    let image = stock.image(wanted).map(|(_, image)| image.id.clone());
    let image = image.ok_or_else(|| (404, format!("No such image: {wanted}")))?;
    let (id, labels) = (new_id(), labels(&body["Labels"]));
    shared.news.tell("create", &id, &labels, None);
    let answer = json!({"Id": id, "Warnings": []});
    stock.containers.push(Container {
        id,
        name,
        labels,
        body,
        image,
        network: None,
        joined: Vec::new(),
        life: Life::Created,
        starts: 0,
    });
    Ok(told(StatusCode::CREATED, &answer))
}

pub(super) async fn remove(shared: &Shared, named: &str, force: bool) -> Result<Reply, Refused> {
    let life = lock(&shared.stock).container(named).ok_or_else(|| no_container(named))?.life.clone();
    if let Life::Running { pid, mut ended, .. } = life {
        if !force {
            return Err((409, format!("cannot remove container \"/{named}\": container is running")));
        }
        process::signal(pid, Signal::KILL);
        // Its sender is the task that waits for the process, which ends with it.
        let _ = ended.wait_for(|ended| *ended).await;
    }
    let mut stock = lock(&shared.stock);
    let id = stock.container(named).ok_or_else(|| no_container(named))?.id.clone();
    let at = stock.containers.iter().position(|one| one.id == id);
    let gone = at.map(|at| stock.containers.remove(at)).ok_or_else(|| no_container(named))?;
    shared.news.tell("destroy", &gone.id, &gone.labels, None);
    Ok(bare(StatusCode::NO_CONTENT))
}

fn images(shared: &Shared, call: &Call, parts: &[&str], body: &Bytes) -> Result<Reply, Refused> {
    let mut stock = lock(&shared.stock);
    match (call.method.as_str(), parts) {
        ("GET", [_, "json"]) => {
            let wanted = wanted_labels(call);
            let has = |labels: &&Labels| wanted.iter().all(|(name, value)| labels.get(name) == Some(value));
            let found = stock.built.iter().filter(has);
            let found = found.map(|labels| json!({"Id": new_id(), "Labels": labels}));
            Ok(told(StatusCode::OK, &found.collect()))
        }
        ("GET", [_, name @ .., "json"]) => {
            let name = name.join("/");
            stock.had_all_along(&name);
            let found = stock.image(&name).ok_or_else(|| (404, format!("No such image: {name}")))?;
            let (reference, image) = found;
            let repository = reference.split('@').next().unwrap_or_default();
            Ok(told(
                StatusCode::OK,
                &json!({
                    "Id": image.id, "RepoTags": [reference], "Architecture": image.architecture, "Os": "linux",
                    "RepoDigests": [format!("{repository}@{}", image.digest)], "Size": 41_000_000,
                }),
            ))
        }
        ("POST", [_, "create"]) => {
            let (name, tag) =
                (call.asked("fromImage").unwrap_or_default(), call.asked("tag").unwrap_or_default());
            let mark = if tag.starts_with("sha256:") { '@' } else { ':' };
            let image = stock.pull(&format!("{name}{mark}{tag}"));
            Ok(lines(&[
                json!({"status": format!("Pulling from {name}"), "id": tag}),
                progress("Downloading", 20_000_000),
                progress("Downloading", 41_000_000),
                json!({"status": "Pull complete", "progressDetail": {}, "id": "a1"}),
                json!({"status": format!("Digest: {}", image.digest)}),
            ]))
        }
        ("POST", [_, "load"]) => {
            let archive = String::from_utf8_lossy(body).into_owned();
            let Some(reference) = archive.strip_prefix("image ").map(str::trim) else {
                return Ok(lines(&[broken_off("archive/tar: invalid tar header")]));
            };
            stock.pull(reference);
            Ok(lines(&[json!({"stream": format!("Loaded image: {reference}\n")})]))
        }
        _ => Err((404, "page not found".to_owned())),
    }
}

/// Whatever the context is: what is run of it is the program under test.
fn build(shared: &Shared, call: &Call) -> Reply {
    let name = call.asked("t").unwrap_or_default();
    let labels = call.asked("labels").and_then(|labels| serde_json::from_str(labels).ok());
    let mut stock = lock(&shared.stock);
    stock.pull(name);
    stock.built.extend(labels);
    lines(&[
        json!({"stream": "Step 1/4 : FROM scratch"}),
        json!({"stream": format!("Successfully tagged {name}\n")}),
    ])
}

fn progress(what: &str, done: u64) -> Value {
    json!({"status": what, "progressDetail": {"current": done, "total": 41_000_000}, "id": "a1"})
}

fn grounds(shared: &Shared, call: &Call, parts: &[&str], body: &Bytes) -> Result<Reply, Refused> {
    let mut stock = lock(&shared.stock);
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = || asked["Name"].as_str().unwrap_or_default().to_owned();
    match (call.method.as_str(), parts) {
        ("GET", ["networks"]) => {
            let names = wanted(call, "name");
            // As Docker does it: any name that has the wanted one in it.
            let fits = |one: &&Network| names.is_empty() || names.iter().any(|name| one.name.contains(name));
            let labels = wanted_labels(call);
            let has = |one: &&Network| labels.iter().all(|(name, value)| one.labels.get(name) == Some(value));
            let found: Vec<_> = stock.networks.iter().filter(fits).filter(has).map(Network::shown).collect();
            Ok(told(StatusCode::OK, &Value::from(found)))
        }
        ("POST", ["networks", "create"]) => {
            let network = Network { id: new_id(), name: name(), labels: labels(&asked["Labels"]) };
            let answer = json!({"Id": network.id, "Warning": ""});
            stock.networks.push(network);
            Ok(told(StatusCode::CREATED, &answer))
        }
        ("POST", ["networks", named, "connect"]) => {
            let network = stock.network(named).map(|one| one.name.clone());
            let network = network.ok_or_else(|| (404, format!("network {named} not found")))?;
            let wanted = asked["Container"].as_str().unwrap_or_default();
            let container = stock.container(wanted).ok_or_else(|| no_container(wanted))?;
            if container.networks().contains(&network) {
                let message =
                    format!("endpoint with name {} already exists in network {network}", container.name);
                return Err((403, message));
            }
            container.joined.push(network);
            Ok(bare(StatusCode::OK))
        }
        ("DELETE", ["networks", named]) => {
            let id = stock.network(named).map(|one| one.id.clone());
            let id = id.ok_or_else(|| (404, format!("network {named} not found")))?;
            if stock.containers.iter().any(|one| one.runs() && one.network.as_ref() == Some(&id)) {
                return Err((
                    403,
                    format!("error while removing network: network {named} has active endpoints"),
                ));
            }
            stock.networks.retain(|one| one.id != id);
            Ok(bare(StatusCode::NO_CONTENT))
        }
        ("GET", ["volumes"]) => {
            let labels = wanted_labels(call);
            let has = |one: &&Volume| labels.iter().all(|(name, value)| one.labels.get(name) == Some(value));
            let found: Vec<_> = stock.volumes.iter().filter(has).map(Volume::shown).collect();
            Ok(told(StatusCode::OK, &json!({"Volumes": found, "Warnings": null})))
        }
        ("DELETE", ["volumes", named]) => {
            let before = stock.volumes.len();
            stock.volumes.retain(|one| one.name != *named);
            let is_gone = stock.volumes.len() < before;
            is_gone
                .then(|| bare(StatusCode::NO_CONTENT))
                .ok_or_else(|| (404, format!("get {named}: no such volume")))
        }
        ("GET", ["volumes", named]) => {
            let found = stock.volumes.iter().find(|one| one.name == *named);
            let found = found.ok_or_else(|| (404, format!("get {named}: no such volume")))?;
            Ok(told(StatusCode::OK, &found.shown()))
        }
        ("POST", ["volumes", "create"]) => {
            let volume = Volume { name: name(), labels: labels(&asked["Labels"]) };
            let answer = volume.shown();
            // One that is there is handed out again, as it is.
            if stock.volumes.iter().all(|one| one.name != volume.name) {
                stock.volumes.push(volume);
            }
            Ok(told(StatusCode::CREATED, &answer))
        }
        _ => Err((404, "page not found".to_owned())),
    }
}

fn lines(all: &[Value]) -> Reply {
    let text: String = all.iter().map(|line| format!("{line}\r\n")).collect();
    Response::new(Body::from(text))
}

/// As Docker sends what a container without a terminal said. Each line has another moment, always the same one, after
/// that at which the container's log was begun.
fn framed(said: &[u8], begun: Option<SystemTime>, tail: usize) -> Vec<u8> {
    let seconds = begun.map(|at| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    let lines: Vec<&[u8]> = said.split_inclusive(|byte| *byte == b'\n').collect();
    let mut framed = Vec::new();
    for (number, line) in lines.iter().enumerate().skip(lines.len().saturating_sub(tail)) {
        let at = seconds.map(|at| {
            let (days, of_day) = (at / 86_400 % 28, at % 86_400);
            let (hours, minutes, seconds) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
            format!("2026-01-{:02}T{hours:02}:{minutes:02}:{seconds:02}.{number:09}Z ", days + 1)
        });
        let at = at.as_deref().unwrap_or_default().as_bytes();
        framed.extend([1, 0, 0, 0]);
        framed.extend(u32::try_from(at.len() + line.len()).unwrap_or(u32::MAX).to_be_bytes());
        framed.extend(at.iter().chain(line.iter()));
    }
    framed
}
