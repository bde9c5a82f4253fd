//! The server itself: accepts, records, and plays the next script.

use super::script::Script;
use super::{embeddings, play};
use anyhow::Context;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long a test waits for something to happen here before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropping it ends the listener and every connection.
    _listening: JoinSet<()>,
}

/// One chat request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub headers: HeaderMap,
    pub body: Value,
}

/// What happened so far; every number only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Chat requests taken.
    pub asked: usize,
    /// Answers that reached a hold.
    pub held: usize,
    /// Clients that left before their answer was complete.
    pub left: usize,
}

impl ModelServer {
    /// On a free loopback port; answers `t1 … t8` until told otherwise.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Where an earlier one was, for stories in which the model server comes back.
    pub async fn start_at(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.context("the model server needs its port")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(Script::tokens(8)));
        let mut listening = JoinSet::new();
        listening.spawn(accept(listener, router(Arc::clone(&shared))));
        Ok(Self { address, shared, _listening: listening })
    }

    /// What an owner would enter as the connection's address.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For every request that finds no script in the queue.
    pub fn by_default(&self, script: Script) {
        *lock(&self.shared.default) = script;
    }

    /// For the next request that finds no earlier script in the queue.
    pub fn next(&self, script: Script) {
        lock(&self.shared.queue).push_back(script);
    }

    /// What `GET /v1/models` lists; one model called `scripted` unless told otherwise.
    pub fn offer_models(&self, names: &[&str]) {
        *lock(&self.shared.models) = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Lets one hold go on, be it reached already or later.
    pub fn release(&self) {
        self.shared.gate.add_permits(1);
    }

    /// Lets every hold go on that was reached and not released.
    pub fn release_all(&self) {
        let waiting = *lock(&self.shared.waiting);
        self.shared.gate.add_permits(waiting);
    }

    /// Every chat request so far, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    pub fn counts(&self) -> Counts {
        *self.shared.counts.borrow()
    }

    /// Waits until `count` chat requests were taken in all.
    pub async fn until_asked(&self, count: usize) -> anyhow::Result<()> {
        self.until("requests", |counts| counts.asked >= count).await
    }

    /// Waits until `count` holds were reached in all.
    pub async fn until_held(&self, count: usize) -> anyhow::Result<()> {
        self.until("holds", |counts| counts.held >= count).await
    }

    /// Waits until `count` clients left early in all.
    pub async fn disconnected(&self, count: usize) -> anyhow::Result<()> {
        self.until("clients that leave", |counts| counts.left >= count).await
    }

    async fn until(&self, what: &str, holds: impl Fn(&Counts) -> bool) -> anyhow::Result<()> {
        let mut counts = self.shared.counts.subscribe();
        let waiting = tokio::time::timeout(PATIENCE, counts.wait_for(|counts| holds(counts))).await;
        waiting.with_context(|| format!("waited {PATIENCE:?} for {what}: {:?}", self.counts()))??;
        Ok(())
    }
}

impl Asked {
    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    /// The contents of the messages, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.body["messages"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|message| message["content"].as_str())
    }

    fn wants_stream(&self) -> bool {
        self.body["stream"].as_bool().unwrap_or(false)
    }
}

pub(super) struct Shared {
    queue: Mutex<VecDeque<Script>>,
    default: Mutex<Script>,
    models: Mutex<Vec<String>>,
    asked: Mutex<Vec<Asked>>,
    counts: watch::Sender<Counts>,
    gate: Semaphore,
    waiting: Mutex<usize>,
}

impl Shared {
    fn new(default: Script) -> Self {
        Self {
            queue: Mutex::default(),
            default: Mutex::new(default),
            models: Mutex::new(vec!["scripted".to_owned()]),
            asked: Mutex::default(),
            counts: watch::Sender::new(Counts::default()),
            gate: Semaphore::new(0),
            waiting: Mutex::new(0),
        }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }

    pub(super) async fn hold(&self) {
        let _waiting = Waiting::new(&self.waiting);
        self.count(|counts| counts.held += 1);
        self.gate.acquire().await.expect("the gate is never closed").forget();
    }

    fn script(&self) -> Script {
        let queued = lock(&self.queue).pop_front();
        queued.unwrap_or_else(|| lock(&self.default).clone())
    }
}

/// Counts one hold for as long as it lasts, also where its client leaves.
struct Waiting<'a>(&'a Mutex<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a Mutex<usize>) -> Self {
        *lock(count) += 1;
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *lock(self.0) -= 1;
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                // Measured by benchmarks: a token must not wait for the next one.
                if stream.set_nodelay(true).is_err() {
                    continue;
                }
                let service = TowerToHyperService::new(router.clone());
                connections.spawn(async move {
                    // A client that leaves is an error here and a fact in `Counts`.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route("/v1/embeddings", post(embed))
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let asked = Asked { headers, body };
    let script = shared.script();
    let presence = play::Presence::new(Arc::clone(&shared));
    lock(&shared.asked).push(asked.clone());
    shared.count(|counts| counts.asked += 1);
    if !script.answers {
        return std::future::pending().await;
    }
    let (status, heads) = (script.status, script.headers.clone());
    let mut response = if status.is_success() && !asked.wants_stream() {
        let whole = play::whole(&script, &asked);
        presence.complete();
        Json(whole).into_response()
    } else {
        let mut response = Response::new(play::streamed(script, &asked, presence));
        response.headers_mut().extend(heads);
        response
    };
    *response.status_mut() = status;
    response
}

async fn models(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let models = lock(&shared.models);
    let rows: Vec<_> =
        models.iter().map(|name| json!({"id": name, "object": "model", "owned_by": "scripted"})).collect();
    Json(json!({"object": "list", "data": rows}))
}

async fn embed(Json(body): Json<Value>) -> Json<Value> {
    Json(embeddings::answer(&body))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
