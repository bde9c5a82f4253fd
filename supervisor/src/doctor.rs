//! How the box is, in one document: what it runs on, what it leans on, and what needs somebody.
//!
//! Looks and changes nothing. The names of the fields are pinned; see the design.

use crate::config::areas::{Cache, CacheHome, Runtime, Vectors};
use crate::config::load::Config;
use crate::containers::detect::{Seen, detect};
use crate::containers::state::{Kind, State};
use crate::machine::hardware::Hardware;
use engine_client::principal::Principal;
use engine_client::wire::setup::SetupState;
use engine_client::wire::status::EngineStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use web::ports::EngineAccess;

const PATIENCE: Duration = Duration::from_secs(5);
const ENGINE_PATIENCE: Duration = Duration::from_secs(2);
/// Below it downloads and backups are refused before the disk is full.
const LOW_DISK_GIB: f64 = 1.0;

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
    /// Why it is so, for people.
    pub detail: String,
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
}

/// Something that needs somebody, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub id: String,
    pub severity: Severity,
    pub what: String,
    pub next: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// `engine` is the way in, where there is one.
pub async fn examine(config: &Config, engine: Option<&EngineAccess>) -> Report {
    let (mut services, mut issues) = (Vec::new(), Vec::new());
    for warning in &config.warnings {
        issues.push(issue("configuration", Severity::Warning, warning, "whisperengine config check"));
    }
    look_at_engine(config, engine, &mut services, &mut issues).await;
    look_at_disk(&config.hardware, &mut issues);
    look_at_directory(config, &mut issues);
    Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: config.mode.name().to_owned(),
        runtime: runtime(config).await,
        hardware: serde_json::to_value(&config.hardware).unwrap_or_default(),
        tier: json!({ "number": config.tier.number(), "name": config.tier.name() }),
        data_dir: json!({ "path": config.data_dir.root(), "free_gib": config.hardware.disk_free_gib }),
        services,
        issues,
    }
}

async fn runtime(config: &Config) -> ContainerRuntime {
    if config.runtime == Runtime::Native {
        return ContainerRuntime {
            state: State::Disabled,
            endpoint: None,
            origin: None,
            engine: None,
            api: None,
            candidates: Vec::new(),
            detail: "everything runs in this process, as asked for".to_owned(),
        };
    }
    let found = detect(&config.containers, ENGINE_PATIENCE).await;
    let chosen = found.chosen();
    let answered = chosen.and_then(|one| one.verdict.answered.as_ref());
    ContainerRuntime {
        state: found.state,
        endpoint: chosen.map(|one| one.candidate.endpoint.to_string()),
        origin: chosen.map(|one| one.candidate.origin.to_string()),
        engine: answered.map(|answered| answered.version.clone()),
        api: answered.map(|answered| answered.api.clone()),
        candidates: found.seen.iter().map(candidate).collect(),
        detail: format!("everything runs in this process; {}", found.detail),
    }
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

pub async fn look_at_engine(
    config: &Config,
    engine: Option<&EngineAccess>,
    services: &mut Vec<Service>,
    issues: &mut Vec<Issue>,
) {
    let unreachable = |reason: String| {
        let next = "whisperengine logs errors";
        issue("engine_unreachable", Severity::Error, format!("the engine does not answer: {reason}"), next)
    };
    let Some(engine) = engine else {
        issues.push(unreachable("it is not up".to_owned()));
        return;
    };
    // As nobody where not all is to be read: the operator is looked up in the store, which may be what is gone.
    let client = engine.client(Principal::Anonymous).with_patience(PATIENCE);
    match client.acting_as(Principal::Operator).get::<EngineStatus>("/api/v1/status").await {
        Ok(status) => {
            for part in status.parts {
                if !part.ok {
                    let severity = if part.needed { Severity::Error } else { Severity::Warning };
                    let what = format!("{}: {}", part.name, part.detail);
                    issues.push(issue(
                        &format!("{}_unreachable", part.name),
                        severity,
                        what,
                        next_for(&part.name),
                    ));
                }
                let kind = kind_of(&part.name, &status.store, &config.cache, &config.vectors);
                services.push(Service { kind, name: part.name, ok: part.ok, detail: part.detail });
            }
        }
        Err(error) => issues.push(unreachable(error.to_string())),
    }
    match client.get::<SetupState>("/api/v1/setup").await {
        Ok(state) if !state.has_owner => {
            let next = "whisperengine setup --owner NAME --password-file FILE";
            issues.push(issue("no_owner", Severity::Warning, "the box has no owner yet", next));
        }
        Ok(state) if state.connections == 0 => {
            let what = "no language model is connected; replies come from memory alone";
            let next = "connect one with `setup --model-url`, or through the API";
            issues.push(issue("no_model", Severity::Note, what, next));
        }
        Ok(_) => {}
        Err(error) => tracing::debug!(error = %error, "the set-up state could not be asked for"),
    }
}

fn next_for(part: &str) -> &'static str {
    match part {
        "store" => "see that the database runs and the disk has room; nothing is acknowledged until then",
        "cache" => "see that the Redis server runs; the box goes on without it",
        _ => "whisperengine logs errors",
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

pub fn look_at_disk(hardware: &Hardware, issues: &mut Vec<Issue>) {
    if hardware.disk_free_gib < LOW_DISK_GIB {
        let what = format!("only {} GiB of the disk are free", hardware.disk_free_gib);
        issues.push(issue("disk_low", Severity::Warning, what, "make room, or move the data directory"));
    }
}

pub fn look_at_directory(config: &Config, issues: &mut Vec<Issue>) {
    let root = config.data_dir.root();
    match std::fs::metadata(root) {
        Ok(metadata) if metadata.mode() & 0o077 != 0 => {
            let what = format!("{} is open to other users of this machine", root.display());
            issues.push(issue(
                "data_dir_open",
                Severity::Warning,
                what,
                format!("chmod 700 {}", root.display()),
            ));
        }
        Ok(_) => {}
        Err(error) => {
            let what = format!("{} cannot be looked at: {error}", root.display());
            issues.push(issue("data_dir_unreadable", Severity::Error, what, "whisperengine up"));
        }
    }
}

pub fn issue(id: &str, severity: Severity, what: impl Into<String>, next: impl Into<String>) -> Issue {
    Issue { id: id.to_owned(), severity, what: what.into(), next: next.into() }
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
    for service in &report.services {
        let state = if service.ok { "ok" } else { "not reachable" };
        lines.push(format!("{:<9} {} ({})", service.name, state, service.kind));
    }
    if report.issues.is_empty() {
        lines.push("\nNothing needs you.".to_owned());
    }
    for issue in &report.issues {
        let mark = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        lines.push(format!("\n{mark}: {}\n  next: {}", issue.what, issue.next));
    }
    lines.join("\n") + "\n"
}
