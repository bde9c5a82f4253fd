//! What the tests share: a door, a key, a question.

use crate::edge::body::Bounds;
use crate::ports::WayIn;
use crate::public::router::{Face, router};
use crate::public::tests::{KEY, ask, empty, face, parts, proofs, request};
use axum::Router;
use axum::routing::post;
use engine_client::transport::in_process::in_process;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

/// The listener over an engine of these routes, which knows the one good key besides.
pub fn door(engine: Router) -> Router {
    face(Ok(access(engine)))
}

/// The same, for requests of the usual size.
pub fn wide_door(engine: Router) -> Router {
    router(Face { bounds: Bounds::default(), ..parts(Ok(access(engine))) })
}

fn access(engine: Router) -> WayIn {
    let engine = engine.route("/api/v1/proofs", post(proofs));
    let engine = engine.into_service::<engine_client::transport::Body>();
    WayIn { transport: in_process(engine), secret: "inner-secret".into() }
}

pub fn with_key(method: Method, path: &str) -> http::request::Builder {
    request(method, path).header("authorization", format!("Bearer {KEY}"))
}

pub async fn get(door: &Router, path: &str) -> (StatusCode, HeaderMap, Value) {
    let (status, headers, body) = ask(door, empty(with_key(Method::GET, path))).await;
    (status, headers, serde_json::from_slice(&body).expect("every answer is JSON"))
}
