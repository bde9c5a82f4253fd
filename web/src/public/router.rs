//! The public listener's router: probes, the API for callers with a key, and nothing else.
//!
//! Order matters: a request is counted first, then its name for us and its size are looked at, and only
//! then does anybody act on it.

use crate::edge::body::{self, Bounds};
use crate::edge::host::{self, AllowedHosts};
use crate::edge::request::{self, RequestId};
use crate::guard;
use crate::passage;
use crate::ports::Appliance;
use crate::probes;
use crate::problem::Refusal;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router, middleware};
use engine_client::problem::ErrorCode;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::time::Duration;

/// What the listener is made of.
#[derive(Clone)]
pub struct Face {
    pub appliance: Arc<dyn Appliance>,
    pub figures: PrometheusHandle,
    pub hosts: AllowedHosts,
    pub metrics_token: Option<Arc<str>>,
    /// How long a call that does not stream may take.
    pub patience: Duration,
    pub bounds: Bounds,
}

pub fn router(face: Face) -> Router {
    let (hosts, bounds) = (face.hosts.clone(), face.bounds);
    Router::new()
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .route("/api/v1/{*path}", any(api))
        .fallback(nothing)
        .method_not_allowed_fallback(not_this_way)
        .with_state(face)
        .layer(middleware::from_fn_with_state(bounds, body::bound))
        .layer(middleware::from_fn_with_state(hosts, host::check))
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

async fn nothing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing here")
}

async fn not_this_way() -> Refusal {
    Refusal::new(ErrorCode::MethodNotAllowed, "this is not how to ask here")
}
