//! The public listener's router: pages for people, the API for callers with a key, the door for programs that
//! speak OpenAI's, probes, and the box's own authority.
//!
//! Order matters: a request is counted first, then who comes, its name for us and its size are looked at,
//! and only then does anybody act on it.

use super::{authority, manifest};
use crate::assets;
use crate::edge::body::{self, Bounds};
use crate::edge::host::{self, AllowedHosts};
use crate::edge::request::{self, RequestId};
use crate::edge::unbuffered;
use crate::edge::visitor::{self, TrustedProxies};
use crate::guard;
use crate::markdown::render::Markdown;
use crate::openai;
use crate::pages::chat::{conversation, detail, file, live, page, palette, say};
use crate::pages::error::PageError;
use crate::pages::settings::{appearance, keys, models, order, people, profile};
use crate::pages::{certificate, join, search, setup, shortcuts, sign_in};
use crate::passage;
use crate::ports::Appliance;
use crate::probes;
use crate::problem::Refusal;
use crate::words::Words;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router, middleware};
use bytes::Bytes;
use engine_client::problem::ErrorCode;
use http::{HeaderMap, HeaderValue, header};
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// What the listener is made of.
#[derive(Clone)]
pub struct Face {
    pub appliance: Arc<dyn Appliance>,
    pub figures: PrometheusHandle,
    pub hosts: AllowedHosts,
    pub proxies: TrustedProxies,
    /// The box's own authority, as DER, where its certificate comes from one.
    pub authority: Option<Bytes>,
    pub metrics_token: Option<Arc<str>>,
    /// How long a call that does not stream may take.
    pub patience: Duration,
    pub bounds: Bounds,
    pub words: Arc<Words>,
    pub markdown: Arc<Markdown>,
    /// For what must still be done when a caller has left.
    pub tasks: TaskTracker,
}

pub fn router(face: Face) -> Router {
    let (hosts, proxies, bounds) = (face.hosts.clone(), face.proxies.clone(), face.bounds);
    Router::new()
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .route("/authority.crt", get(authority::certificate))
        .route("/certificate", get(certificate::get))
        .route("/manifest.webmanifest", get(manifest::get))
        .route("/api/v1/{*path}", any(api))
        .route("/assets/{mark}/{name}", get(assets::get))
        .route("/", get(setup::entry::home))
        .route("/setup", get(setup::entry::get).post(setup::entry::token))
        .route("/setup/owner", post(setup::entry::owner))
        .route("/setup/recovery", get(setup::recovery::get).post(setup::recovery::kept))
        .route("/setup/recovery/again", post(setup::recovery::again))
        .route("/setup/machine", get(setup::machine::get).post(setup::machine::seen))
        .route("/setup/model", get(setup::model::get).post(setup::model::connect))
        .route("/setup/model/search", post(setup::model::search))
        .route("/setup/model/later", post(setup::model::later))
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/sign-out", post(sign_in::leave))
        .route("/chat", get(page::newest).post(page::new))
        .route("/chat/{id}", get(page::get))
        .route("/chat/{id}/title", post(conversation::rename))
        .route("/chat/{id}/pin", post(conversation::pin))
        .route("/chat/{id}/remove", post(conversation::remove))
        .route("/chat/{id}/restore", post(conversation::restore))
        .route("/chat/{id}/messages", post(say::post))
        .route("/chat/{id}/messages/{message}/look", post(conversation::look))
        .route("/chat/{id}/messages/{message}/raw", get(detail::raw))
        .route("/chat/{id}/turns/{turn}", get(detail::get))
        .route("/chat/{id}/turns/{turn}/again", post(say::again))
        .route("/chat/{id}/turns/{turn}/go-on", post(say::go_on))
        .route("/chat/{id}/turns/{turn}/stop", post(say::stop))
        .route("/chat/{id}/turns/{turn}/live", get(live::get))
        .route("/files/{id}", get(file::get))
        .route("/search", get(search::get))
        .route("/palette", get(palette::get))
        .route("/shortcuts", get(shortcuts::get))
        .route("/join", get(join::get).post(join::post))
        .route("/look.css", get(appearance::stylesheet))
        .route("/settings", get(profile::get))
        .route("/settings/name", post(profile::rename))
        .route("/settings/password", post(profile::change_password))
        .route("/settings/sessions/end", post(profile::end_sessions))
        .route("/settings/appearance", get(appearance::get).post(appearance::choose))
        .route("/settings/keys", get(keys::get).post(keys::create))
        .route("/settings/keys/{id}/revoke", get(keys::ask).post(keys::revoke))
        .route("/settings/people", get(people::get).post(people::invite))
        .route("/settings/people/{id}/code", post(people::new_code))
        .route("/settings/people/{id}/suspend", get(people::ask_suspend).post(people::suspend))
        .route("/settings/people/{id}/resume", get(people::ask_resume).post(people::resume))
        .route("/settings/models", get(models::get))
        .route("/settings/models/add", get(models::new).post(models::add))
        .route("/settings/models/{id}", get(models::edit).post(models::change))
        .route("/settings/models/{id}/test", post(models::test))
        .route("/settings/models/{id}/earlier", post(order::earlier))
        .route("/settings/models/{id}/later", post(order::later))
        .route("/settings/models/{id}/remove", get(models::ask_remove).post(models::remove))
        .route("/v1/chat/completions", post(openai::chat::answer::post))
        .route("/v1/models", get(openai::models::list))
        .route("/v1/models/{*name}", get(openai::models::get))
        .fallback(nothing)
        .method_not_allowed_fallback(not_this_way)
        .with_state(face)
        .layer(middleware::from_fn(unbuffered::keep))
        .layer(middleware::from_fn_with_state(bounds, body::bound))
        .layer(middleware::from_fn_with_state(hosts, host::check))
        .layer(middleware::from_fn_with_state(proxies, visitor::know))
        .layer(middleware::from_fn(openai::errors::speak))
        .layer(middleware::from_fn(request::account))
}

async fn api(State(face): State<Face>, Extension(id): Extension<RequestId>, request: Request) -> Response {
    let engine = match face.appliance.engine() {
        Ok(engine) => engine,
        Err(problem) => return Refusal(problem).into_response(),
    };
    match guard::identify(&engine, request.headers(), &id.0).await {
        Ok(principal) => passage::pass(&engine, request, &principal, face.patience).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A person gets a page, a program gets a problem.
async fn nothing(headers: HeaderMap) -> Response {
    let reads_pages = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
    if headers.get(header::ACCEPT).is_some_and(reads_pages) {
        return PageError::NotFound.into_response();
    }
    Refusal::new(ErrorCode::NotFound, "there is nothing here").into_response()
}

async fn not_this_way() -> Refusal {
    Refusal::new(ErrorCode::MethodNotAllowed, "this is not how to ask here")
}
