//! A box in a state that a test chose, which writes down what it is asked to do.

use crate::pages::tests::{Answer, Leavings, ask, face_of_box, seal, signed_in};
use crate::ports::system::{
    Choice, Container, Health, Home, Issue, Job, Kept, Level, Load, Log, LogLine, LogPiece, LogWish, Logs,
    Made, Part, Refused, Service, Severity, Stage, System, Takes, Trouble,
};
use crate::ports::{ContainerEngine, ContainerState, EngineKind, Graphics, Ground, Size};
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures::future::{BoxFuture, ready};
use http::{Method, StatusCode};
use serde_json::json;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// By the fake clock.
pub const SECOND: i64 = 1_000_000;

pub struct BoxState {
    pub now: i64,
    pub health: Health,
    pub jobs: Vec<Job>,
    pub load: Load,
    pub containers: ContainerEngine,
    pub piece: Result<LogPiece, Refused>,
    pub outcome: Result<(), Refused>,
    pub deeds: Mutex<Vec<String>>,
}

/// Well, with everything in the box itself.
impl Default for BoxState {
    fn default() -> Self {
        Self {
            now: 1_000 * SECOND,
            health: Health {
                services: vec![
                    service("store", Part::Store, "sqlite"),
                    service("engine", Part::Engine, "engine"),
                    service("redis", Part::Cache, "memory"),
                    service("vectors", Part::Vectors, "embedded"),
                    service("voice", Part::Voice, "voice"),
                ],
                issues: Vec::new(),
                is_complete: true,
            },
            jobs: Vec::new(),
            load: Load {
                memory_total: Some(16_000_000_000),
                memory_free: Some(9_500_000_000),
                group_total: None,
                group_free: None,
                memory_own: Some(58_123_456),
                disk_total: Some(500_000_000_000),
                disk_free: Some(20_000_000_000),
                disk_reserve: 1_073_741_824,
                kept: Some(Kept {
                    all: 96_400_000,
                    data: 52_000_000,
                    logs: 3_400_000,
                    bundles: 41_000_000,
                    temporary: 0,
                }),
                cores: 4,
                busy: Some(0.42),
            },
            containers: ContainerEngine {
                state: ContainerState::NotInstalled,
                kind: EngineKind::Unknown,
                version: None,
                detail: "no place has one".to_owned(),
            },
            piece: Ok(LogPiece::default()),
            outcome: Ok(()),
            deeds: Mutex::default(),
        }
    }
}

pub fn service(name: &str, part: Part, kind: &str) -> Service {
    let choice = match part {
        Part::Store => Choice::Moves(made("postgres:17")),
        Part::Cache => Choice::Free(made("redis:7")),
        Part::Voice => Choice::Free(Made { image: None, most_memory_bytes: 1 << 30 }),
        Part::Vectors | Part::Engine => Choice::Only,
    };
    Service {
        name: name.to_owned(),
        part,
        kind: kind.to_owned(),
        home: Home::Native,
        stage: Stage::Answers,
        is_needed: matches!(part, Part::Store | Part::Engine),
        address: (part == Part::Engine).then(|| "127.0.0.1:8080".parse().expect("an address")),
        takes: Takes { memory_bytes: Some(58_123_456), cores: Some(0.034) },
        container: None,
        trouble: None,
        choice,
    }
}

/// Redis in a container, at this stage.
pub fn redis(stage: Stage) -> Service {
    let container = Container {
        image: "docker.io/library/redis:7".to_owned(),
        id: Some("0123456789ab".to_owned()),
        port: Some(6379),
        starts: 2,
        most_memory_bytes: Some(192_000_000),
        last_lines: Vec::new(),
    };
    let redis = service("redis", Part::Cache, "redis");
    Service {
        home: Home::Container,
        stage,
        address: Some("127.0.0.1:49153".parse().expect("an address")),
        takes: Takes { memory_bytes: Some(41_000_000), cores: Some(0.002) },
        container: Some(container),
        ..redis
    }
}

/// The same, with what went wrong and what it said last.
pub fn in_trouble(stage: Stage, said: &str) -> Service {
    let mut service = redis(stage);
    service.trouble = Some(Trouble {
        what: "ended by itself".to_owned(),
        next: "look at its last lines".to_owned(),
        detail: said.to_owned(),
        next_try: Some(1_090 * SECOND),
    });
    if let Some(container) = &mut service.container {
        container.last_lines = vec!["Ready to accept connections".to_owned(), said.to_owned()];
    }
    service
}

pub fn issue(id: &str, severity: Severity, what: &str) -> Issue {
    Issue { id: id.to_owned(), severity, what: what.to_owned(), next: "do this".to_owned(), repair: None }
}

impl BoxState {
    pub fn with(service: Service) -> Self {
        let mut state = Self::default();
        state.health.services.retain(|other| other.part != service.part);
        state.health.services.push(service);
        state
    }

    pub fn ground(&self) -> Ground {
        let (graphics, size) = (Graphics::None, Size::Balanced);
        let containers = self.containers.clone();
        Ground { cores: 4, memory_gib: 16.0, disk_free_gib: 20.0, graphics, size, containers }
    }

    pub fn does(&self, deed: &str) {
        self.deeds.lock().expect("no panic").push(deed.to_owned());
    }

    pub fn done(&self) -> Vec<String> {
        std::mem::take(&mut *self.deeds.lock().expect("no panic"))
    }
}

impl System for BoxState {
    fn health(&self) -> BoxFuture<'_, Health> {
        Box::pin(ready(self.health.clone()))
    }
    fn jobs(&self) -> BoxFuture<'_, Vec<Job>> {
        Box::pin(ready(self.jobs.clone()))
    }
    fn load(&self) -> BoxFuture<'_, Load> {
        Box::pin(ready(self.load.clone()))
    }
    fn retry<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<(), Refused>> {
        self.does(&format!("retry {service}"));
        Box::pin(ready(self.outcome.clone()))
    }
    fn choose<'a>(&'a self, service: &'a str, home: Home) -> BoxFuture<'a, Result<(), Refused>> {
        self.does(&format!("choose {service} {home:?}"));
        Box::pin(ready(self.outcome.clone()))
    }
    fn repair<'a>(&'a self, issue: &'a str) -> BoxFuture<'a, Result<(), Refused>> {
        self.does(&format!("repair {issue}"));
        Box::pin(ready(self.outcome.clone()))
    }
    fn diagnostics(&self) -> BoxFuture<'_, Result<Vec<u8>, Refused>> {
        self.does("diagnostics");
        Box::pin(ready(self.outcome.clone().map(|()| b"a tar archive".to_vec())))
    }
    fn cancel_job(&self, id: &str) -> Result<(), Refused> {
        self.does(&format!("cancel {id}"));
        self.outcome.clone()
    }
}

impl Logs for BoxState {
    fn read(&self, log: Log, wish: LogWish) -> BoxFuture<'_, Result<LogPiece, Refused>> {
        self.does(&format!("read {log:?} {wish:?}"));
        Box::pin(ready(self.piece.clone()))
    }
    fn speakers(&self) -> Vec<String> {
        vec!["redis".to_owned()]
    }
    fn said<'a>(&'a self, service: &'a str, wish: LogWish) -> BoxFuture<'a, Result<LogPiece, Refused>> {
        self.does(&format!("said {service} {wish:?}"));
        let is_known = service == "redis";
        Box::pin(ready(if is_known { self.piece.clone() } else { Err(Refused::Unknown) }))
    }
}

pub fn line(level: Option<Level>, message: &str) -> LogLine {
    LogLine {
        at: "2026-11-20T14:07:02.123456Z".to_owned(),
        level,
        message: message.to_owned(),
        fields: format!("service.name={message}"),
    }
}

/// Pages of this box for somebody of this role.
pub fn pages(role: &'static str, state: BoxState) -> (Router, Arc<BoxState>) {
    let me =
        json!({ "id": Uuid::from_u128(2), "name": "Ada", "role": role, "state": "active", "created_at": 0 });
    let me = get(move || async move { axum::Json(me).into_response() });
    let state = Arc::new(state);
    let stepped = post(async || StatusCode::NO_CONTENT);
    let engine = Router::new().route("/api/v1/me", me).route("/api/v1/setup/steps", stepped);
    (face_of_box(engine, Leavings::default(), Arc::clone(&state)), state)
}

pub async fn open(face: &Router, path: &str) -> Answer {
    ask(face, signed_in(Method::GET, path), "").await
}

pub async fn send(face: &Router, path: &str, fields: &str) -> Answer {
    let body = format!("seal={}&{fields}", seal("we_session=wes_good"));
    ask(face, signed_in(Method::POST, path), &body).await
}

pub fn made(image: &str) -> Made {
    Made { image: Some(image.to_owned()), most_memory_bytes: 192_000_000 }
}
