//! The documents, of a box that runs in this process or of one that does not run.

use super::archive::{Documents, Gathered};
use super::scrub::Scrub;
use crate::appliance::state::Appliance;
use crate::config::areas::{CacheHome, Database, Vectors};
use crate::config::load::Config;
use crate::config::show;
use crate::daemon::spoken::Said;
use crate::doctor::{self, Report};
use crate::issues::snapshot::EngineSeen;
use crate::logs::reading::newest;
use crate::services::name::ServiceName;
use crate::services::view::ServiceView;
use crate::state::jobs::JobRow;
use crate::state::open::{State, StateError};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::wire::people::PersonView;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use web::ports::{Appliance as _, WayIn};

/// Lines of each log.
const LINES: usize = 1_000;
const ROWS: u32 = 200;
/// For what an engine tells of who lives here, and a container of what it said.
const PATIENCE: Duration = Duration::from_secs(3);
const LOGS: [&str; 3] = ["app.log", "errors.log", "performance.log"];
const README: &str = "What a WhisperEngine box knows about itself, made by its owner to be shown to somebody who \
helps.\n\nSecrets, tokens, addresses of mail and folders that carry a name were taken out (***, ~, DATA_DIR). What people \
and companions said is in no file of this kind. {names} Look it over before you hand it on.\n\n\
doctor.json    how the box is, and what needs somebody\nconfig.json    every setting and where it comes from\n\
versions.json  of the box and of the system\nservices.json  what runs in containers\njobs.json      long work\n\
journal.json   what was changed in the container engine\nlogs/          the newest lines\n";

const WITHOUT_NAMES: &str = "Names of people were taken out, too (PERSON).";
const WITH_NAMES: &str =
    "Names of people could NOT be taken out: the box's engine, which knows them, did not answer.";

/// What could not be had is left out and named: somebody is in trouble already.
#[derive(Default)]
struct Raw {
    report: Option<Report>,
    views: Vec<ServiceView>,
    said: Vec<(ServiceName, Arc<Vec<Said>>)>,
    /// `None`: nobody tells who lives here, so that their names may stand anywhere.
    people: Option<Vec<String>>,
    missing: Vec<String>,
}

/// Of the box that runs in this process.
pub async fn here(appliance: &Appliance) -> Gathered {
    let services = appliance.services();
    let views = services.told.views.borrow().as_ref().clone();
    let mut raw = Raw { report: Some(doctor::examine(appliance).await), views, ..Raw::default() };
    match appliance.engine() {
        Ok(access) => raw.ask_who_lives_here(access).await,
        Err(problem) => raw.missing.push(format!("who lives here: {}", problem.detail)),
    }
    for name in services.spoken.speakers() {
        let heard = services.spoken.of(name, PATIENCE).await;
        raw.said.push((name, heard.lines));
    }
    let secrets = ServiceName::ALL.map(|name| services.password(name));
    raw.gathered(appliance.config(), Some(&services.state), secrets.into()).await
}

/// Where no box runs. With a way to an engine of our own, or how that is.
pub async fn alone(config: &Config, engine: Result<WayIn, EngineSeen>) -> Gathered {
    let mut raw = Raw::default();
    match &engine {
        Ok(access) => raw.ask_who_lives_here(access.clone()).await,
        Err(seen) => raw.missing.push(format!("who lives here: {seen:?}")),
    }
    let secret = engine.as_ref().ok().map(|access| access.secret.clone());
    raw.report = Some(doctor::examine_alone(config, engine).await);
    let records = config.data_dir.appliance_database();
    let state = if records.exists() { raw.opened(&records).await } else { None };
    let gathered = raw.gathered(config, state.as_ref(), secret.into_iter().collect()).await;
    if let Some(state) = state {
        state.close().await;
    }
    gathered
}

impl Raw {
    async fn opened(&mut self, records: &Path) -> Option<State> {
        let opened = State::open(records).await;
        opened.map_err(|error| self.missing.push(format!("the box's own records: {error}"))).ok()
    }

    /// Their names are taken out of everything.
    async fn ask_who_lives_here(&mut self, access: WayIn) {
        let client: EngineClient = access.client(Principal::Operator).with_patience(PATIENCE);
        match client.get::<Vec<PersonView>>("/api/v1/people").await {
            Ok(people) => self.people = Some(people.into_iter().map(|person| person.name).collect()),
            Err(error) => self.missing.push(format!("who lives here: {error}")),
        }
    }

    async fn gathered(mut self, config: &Config, state: Option<&State>, secrets: Vec<String>) -> Gathered {
        let folders = [
            Some((config.data_dir.root().display().to_string(), "DATA_DIR")),
            config.containers.home().map(|home| (home.display().to_string(), "~")),
        ];
        let folders = folders.into_iter().flatten().filter(|(folder, _)| folder != "/");
        let names = self.people.clone().unwrap_or_default();
        let scrub = Scrub::new(secrets.into_iter().chain(configured(config)), folders, names);
        for line in self.views.iter_mut().flat_map(|view| &mut view.last_lines) {
            *line = scrub.foreign_line(line);
        }
        let mut documents = Documents::new();
        let mut add = |name: &str, value: Value| {
            documents.insert(name.to_owned(), format!("{:#}\n", scrub.value(value)));
        };
        add("doctor.json", serde_json::to_value(&self.report).unwrap_or_default());
        add("config.json", show::as_json(config));
        add("versions.json", versions(config));
        add("services.json", serde_json::to_value(&self.views).unwrap_or_default());
        if let Some(state) = state {
            match records(state).await {
                Ok((jobs, journal)) => {
                    add("jobs.json", jobs);
                    add("journal.json", journal);
                }
                Err(error) => self.missing.push(format!("the box's own records: {error}")),
            }
        }
        let folder = config.data_dir.logs();
        for name in LOGS {
            let path = folder.join(name);
            match tokio::task::spawn_blocking(move || newest(&path, LINES)).await {
                Ok(Ok((lines, _))) => {
                    let lines: String = lines.iter().map(|line| scrub.line(line) + "\n").collect();
                    documents.insert(format!("logs/{name}"), lines);
                }
                Ok(Err(error)) => self.missing.push(format!("{name}: {error}")),
                Err(error) => self.missing.push(format!("{name}: {error}")),
            }
        }
        for (service, lines) in &self.said {
            let newest = &lines[lines.len().saturating_sub(LINES)..];
            let lines = newest.iter().map(|line| format!("{} {}\n", line.at, scrub.foreign_line(&line.text)));
            documents.insert(format!("logs/{service}.txt"), lines.collect());
        }
        let missing: String =
            self.missing.iter().map(|what| format!("missing: {}\n", scrub.text(what))).collect();
        let names_taken_out = self.people.is_some();
        let readme = README.replace("{names}", if names_taken_out { WITHOUT_NAMES } else { WITH_NAMES });
        documents.insert("README.txt".to_owned(), format!("{readme}\n{missing}"));
        Gathered { documents, names_taken_out }
    }
}

/// Secrets of the configuration, which nothing shows anyway.
fn configured(config: &Config) -> Vec<String> {
    let mut secrets = vec![];
    secrets.extend(config.server.metrics_token.as_ref().map(|token| token.expose().to_owned()));
    if let Database::Postgres(postgres) = &config.database {
        secrets.extend(postgres.password.as_ref().map(|password| password.expose().to_owned()));
    }
    if let CacheHome::Redis { url, .. } = &config.cache.home {
        secrets.push(url.expose().to_owned());
    }
    if let Vectors::Qdrant { api_key, .. } = &config.vectors {
        secrets.extend(api_key.as_ref().map(|key| key.expose().to_owned()));
    }
    secrets
}

fn versions(config: &Config) -> Value {
    json!({
        "whisperengine": env!("CARGO_PKG_VERSION"),
        "platform": config.hardware.platform,
        "arch": config.hardware.arch,
        "system": sysinfo::System::long_os_version().ok(),
        "kernel": sysinfo::System::kernel_version().ok(),
    })
}

async fn records(state: &State) -> Result<(Value, Value), StateError> {
    let jobs = state.jobs(ROWS).await?.iter().map(job).collect();
    let journal = state.newest_intents(ROWS).await?;
    let journal = journal.into_iter().map(|row| {
        json!({
            "step": row.step, "subject": row.subject, "begun_at": row.begun_at, "ended_at": row.ended_at,
            "outcome": row.outcome,
        })
    });
    Ok((jobs, journal.collect()))
}

fn job(row: &JobRow) -> Value {
    json!({
        "kind": row.kind, "subject": row.subject, "stage": row.stage, "done": row.done,
        "total": row.total, "begun_at": row.begun_at, "moved_at": row.moved_at,
        "ended_at": row.ended_at, "outcome": row.outcome, "detail": row.detail,
    })
}
