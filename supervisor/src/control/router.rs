//! What the control socket answers: the engine's contract as the operator, and the appliance itself.

use super::wire::BoxStatus;
use crate::appliance::state::Appliance;
use crate::doctor;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
use engine_client::principal::{DEADLINE_MS, Principal};
use engine_client::problem::ErrorCode;
use std::sync::Arc;
use std::time::Duration;
use web::edge::body::{self, Bounds};
use web::edge::request;
use web::passage;
use web::ports::Appliance as _;
use web::problem::Refusal;

/// Somebody at a terminal waits as long as they like; a call must end some time all the same.
const PATIENCE: Duration = Duration::from_mins(15);

pub fn router(appliance: Arc<Appliance>) -> Router {
    Router::new()
        .route("/appliance/status", get(status))
        .route("/appliance/doctor", get(examine))
        .route("/api/v1/{*path}", any(pass))
        .fallback(nothing)
        .with_state(appliance)
        .layer(middleware::from_fn_with_state(Bounds::default(), body::bound))
        .layer(middleware::from_fn(request::account))
}

async fn status(State(appliance): State<Arc<Appliance>>) -> Json<BoxStatus> {
    Json(appliance.status())
}

async fn examine(State(appliance): State<Arc<Appliance>>) -> Json<doctor::Report> {
    Json(doctor::examine(appliance.config(), appliance.engine().ok().as_ref()).await)
}

async fn pass(State(appliance): State<Arc<Appliance>>, request: Request) -> Response {
    let asked = request.headers().get(DEADLINE_MS).and_then(|value| value.to_str().ok()?.parse().ok());
    let patience = asked.map_or(PATIENCE, |asked| Duration::from_millis(asked).min(PATIENCE));
    // The operator is looked up as the owner, in the store; how the store is must be told without it.
    let is_about_health = request.uri().path() == "/api/v1/status";
    let principal = if is_about_health { Principal::Anonymous } else { Principal::Operator };
    match appliance.engine() {
        Ok(engine) => passage::pass(&engine, request, &principal, patience).await,
        Err(problem) => Refusal(problem).into_response(),
    }
}

async fn nothing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing here")
}
