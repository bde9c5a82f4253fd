//! How the box is, in one document: what it runs on, what it leans on, and what needs somebody.
//!
//! Looks and changes nothing. The names of the fields are pinned; see the design.

use crate::appliance::state::Appliance;
use crate::config::areas::{Cache, CacheHome, Vectors};
use crate::config::load::Config;
use crate::containers::detect::Seen;
use crate::containers::graphics::{By, Graphics};
use crate::containers::state::{Answered, Kind, State};
use crate::control::wire::ServiceTold;
use crate::issues::issue::{self, Issue};
use crate::issues::snapshot::{EngineSeen, Snapshot};
use crate::issues::{checks, gather};
use crate::machine::gpu::{Gpu, GpuKind};
use crate::services::fault::Trouble;
use crate::services::view::ServiceView;
use engine_client::wire::status::PartStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use web::ports::WayIn;

const PATIENCE: Duration = Duration::from_secs(5);
const CONTAINERS_PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub version: String,
    pub mode: String,
    pub runtime: ContainerRuntime,
    pub hardware: Value,
    pub tier: Value,
    pub data_dir: Value,
    pub services: Vec<Service>,
    pub issues: Vec<Issue>,
}

/// The container engine, and every place that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContainerRuntime {
    pub state: State,
    pub endpoint: Option<String>,
    pub origin: Option<String>,
    pub engine: Option<String>,
    pub api: Option<String>,
    pub candidates: Vec<Candidate>,
    #[serde(default)]
    pub graphics: ForContainers,
    /// Why it is so, for people.
    pub detail: String,
}

/// The graphics cards of this machine that a container could have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ForContainers {
    #[serde(flatten)]
    pub found: Graphics,
    /// Where there is a card that works and no container could have it: what to do about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One place that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Candidate {
    pub endpoint: String,
    pub origin: String,
    pub state: State,
    pub kind: Option<Kind>,
    pub detail: String,
}

/// One thing the box leans on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Service {
    pub name: String,
    /// What plays this part: `sqlite`, `postgres`, `memory`, `redis` …
    pub kind: String,
    pub ok: bool,
    pub detail: String,
    /// Where it stands, if it runs in a container of the box's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// The box that runs in this process, after a fresh look at the container engines.
pub async fn examine(appliance: &Appliance) -> Report {
    appliance.containers().look_again(CONTAINERS_PATIENCE).await;
    report(appliance.config(), &gather::here(appliance, PATIENCE).await)
}

/// Where no box runs. With a way to an engine, or how that is.
pub async fn examine_alone(config: &Config, engine: Result<WayIn, EngineSeen>) -> Report {
    report(config, &gather::alone(config, engine, PATIENCE).await)
}

fn report(config: &Config, snapshot: &Snapshot) -> Report {
    Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: config.mode.name().to_owned(),
        runtime: runtime(snapshot, config.hardware.gpu.as_ref()),
        hardware: serde_json::to_value(&config.hardware).unwrap_or_default(),
        tier: json!({ "number": config.tier.number(), "name": config.tier.name() }),
        data_dir: json!({ "path": config.data_dir.root(), "free_gib": free_gib(config, snapshot) }),
        services: parts(config, snapshot)
            .into_iter()
            .chain(snapshot.services.iter().map(contained))
            .collect(),
        issues: checks::run(snapshot),
    }
}

/// At this moment, or as it was when the configuration was read.
fn free_gib(config: &Config, snapshot: &Snapshot) -> f64 {
    let gib = |bytes: u64| (bytes as f64 / (1_u64 << 30) as f64 * 100.0).round() / 100.0;
    snapshot.disk_free_bytes.map_or(config.hardware.disk_free_gib, gib)
}

fn runtime(snapshot: &Snapshot, card: Option<&Gpu>) -> ContainerRuntime {
    let found = &snapshot.containers;
    let chosen = found.chosen();
    let answered = chosen.and_then(|one| one.verdict.answered.as_ref());
    let contained: Vec<_> = snapshot.services.iter().map(|view| view.name.as_str()).collect();
    ContainerRuntime {
        state: found.state,
        endpoint: chosen.map(|one| one.candidate.endpoint.to_string()),
        origin: chosen.map(|one| one.candidate.origin.to_string()),
        engine: answered.map(|answered| answered.version.clone()),
        api: answered.map(|answered| answered.api.clone()),
        candidates: found.seen.iter().map(candidate).collect(),
        graphics: for_containers(answered.filter(|_| found.state.works()), card),
        detail: match (found.state, contained.is_empty()) {
            (State::Disabled, true) => found.detail.clone(),
            (_, true) => format!("everything runs in this process; {}", found.detail),
            (_, false) => format!("in containers: {}; {}", contained.join(", "), found.detail),
        },
    }
}

fn for_containers(engine: Option<&Answered>, card: Option<&Gpu>) -> ForContainers {
    let Some(engine) = engine else {
        let evidence = "no container engine works here".to_owned();
        let found = Graphics { by: By::None, evidence, device: None };
        return ForContainers { found, next: None };
    };
    // Cards of other makers are plain devices, and need no program in between.
    let is_left_out = engine.graphics.by == By::None
        && card.is_some_and(|card| card.usable && card.kind == GpuKind::Nvidia);
    let then = match engine.kind {
        Kind::Docker => "`nvidia-ctk runtime configure --runtime=docker`, and start Docker again",
        Kind::Podman => "`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`",
    };
    let is_silent =
        engine.kind == Kind::Podman && engine.graphics.by != By::None && engine.hands_over().is_none();
    let next = match (is_left_out, is_silent) {
        (true, _) => Some(format!(
            "for containers to have this machine's card, install NVIDIA's container toolkit, then {then}"
        )),
        (false, true) => {
            let version = &engine.version;
            Some(format!(
                "Podman {version} hands none on that it is asked for by its interface: update it to 5.5"
            ))
        }
        (false, false) => None,
    };
    ForContainers { found: engine.graphics.clone(), next }
}

fn candidate(seen: &Seen) -> Candidate {
    Candidate {
        endpoint: seen.candidate.endpoint.to_string(),
        origin: seen.candidate.origin.to_string(),
        state: seen.verdict.state,
        kind: seen.verdict.answered.as_ref().map(|answered| answered.kind),
        detail: seen.verdict.detail.clone(),
    }
}

/// What the engine leans on.
fn parts(config: &Config, snapshot: &Snapshot) -> Vec<Service> {
    let EngineSeen::Up(status) = &snapshot.engine else { return Vec::new() };
    let part = |part: &PartStatus| Service {
        name: part.name.clone(),
        kind: kind_of(&part.name, &status.store, &config.cache, &config.vectors),
        ok: part.ok,
        detail: part.detail.clone(),
        stage: None,
        trouble: None,
    };
    status.parts.iter().map(part).collect()
}

/// What the box keeps in a container.
fn contained(view: &ServiceView) -> Service {
    let told = ServiceTold::from(view);
    Service {
        name: told.name.to_string(),
        kind: "container".to_owned(),
        ok: told.serves(),
        detail: told.sentence(),
        stage: Some(told.stage),
        trouble: told.trouble,
    }
}

fn kind_of(part: &str, store: &str, cache: &Cache, vectors: &Vectors) -> String {
    let kind = match (part, &cache.home, vectors) {
        ("store", ..) => store,
        ("cache", CacheHome::Memory, _) => "memory",
        ("cache", CacheHome::Disk, _) => "disk",
        ("cache", CacheHome::Redis { .. }, _) => "redis",
        ("vectors", _, Vectors::Embedded) => "embedded",
        ("vectors", _, Vectors::Qdrant { .. }) => "qdrant",
        _ => "part of the engine",
    };
    kind.to_owned()
}

/// For people.
pub fn as_text(report: &Report) -> String {
    let number = |name: &str| report.hardware.get(name).map_or_else(String::new, ToString::to_string);
    let mut lines = vec![
        format!("WhisperEngine {} ({})", report.version, report.mode),
        format!("hardware  {} cores, {} GiB memory", number("cores"), number("ram_gib")),
        format!("disk      {} GiB free", number("disk_free_gib")),
        format!("tier      {} ({})", report.tier["number"], report.tier["name"].as_str().unwrap_or_default()),
        format!("runtime   {}", report.runtime.detail),
    ];
    // The one that counts was told, and where nothing is, nothing is told.
    let counts = |one: &Candidate| report.runtime.endpoint.as_ref() == Some(&one.endpoint);
    let there =
        report.runtime.candidates.iter().filter(|one| one.state != State::NotInstalled && !counts(one));
    lines.extend(there.map(|one| format!("          {} ({}): {}", one.endpoint, one.origin, one.detail)));
    lines.extend(graphics_lines(report));
    for service in &report.services {
        let state = match &service.stage {
            Some(_) => service.detail.as_str(),
            None if service.ok => "ok",
            None => "not reachable",
        };
        lines.push(format!("{:<9} {state} ({})", service.name, service.kind));
    }
    if report.issues.is_empty() {
        lines.push("\nNothing needs you.".to_owned());
    }
    lines.join("\n") + "\n" + &issue::as_text(&report.issues)
}

/// Where an engine works there is something to say of it.
fn graphics_lines(report: &Report) -> Vec<String> {
    if !report.runtime.state.works() {
        return Vec::new();
    }
    let ForContainers { found, next } = &report.runtime.graphics;
    let how = match found.by {
        By::Runtime => "containers could have them by a runtime",
        By::Cdi => "containers could have them by CDI",
        By::None => "none for containers",
    };
    let first = format!("graphics  {how}: {}", found.evidence);
    std::iter::once(first).chain(next.iter().map(|next| format!("          {next}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: Kind, by: By, card: Option<(GpuKind, bool)>) -> ForContainers {
        let graphics = Graphics { by, evidence: "as it was seen".to_owned(), device: None };
        let engine = Answered { kind, version: "1".to_owned(), api: "1.50".to_owned(), graphics };
        let card = card.map(|(kind, usable)| Gpu { kind, usable, evidence: String::new() });
        for_containers(Some(&engine), card.as_ref())
    }

    #[test]
    fn a_card_that_works_and_is_not_handed_on_has_a_next_step() {
        let card = Some((GpuKind::Nvidia, true));
        let next = |kind| told(kind, By::None, card).next.expect("a step");
        assert!(next(Kind::Docker).contains("nvidia-ctk runtime configure --runtime=docker"));
        assert!(next(Kind::Podman).contains("nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"));
        for (by, card) in [
            (By::Runtime, card),
            (By::Cdi, card),
            (By::None, None),
            (By::None, Some((GpuKind::Nvidia, false))),
            (By::None, Some((GpuKind::Amd, true))),
        ] {
            assert_eq!(told(Kind::Docker, by, card).next, None, "{by:?} {card:?}");
        }
        assert_eq!(for_containers(None, None).found.by, By::None);
        let silent = told(Kind::Podman, By::Cdi, None).next.expect("a step");
        assert!(silent.contains("update it to 5.5"), "{silent}");
    }

    #[test]
    fn it_is_told_as_promised() {
        let shown = |told: &ForContainers| serde_json::to_value(told).expect("plain data");
        let found = told(Kind::Docker, By::Cdi, None);
        assert_eq!(shown(&found), json!({ "by": "cdi", "evidence": "as it was seen" }));
        let none = shown(&told(Kind::Docker, By::None, Some((GpuKind::Nvidia, true))));
        assert_eq!(none["by"], "none");
        assert!(none["next"].as_str().is_some_and(|next| next.contains("container toolkit")), "{none}");
    }
}
