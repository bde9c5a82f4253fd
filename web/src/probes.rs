//! What machines ask that watch the box: does it answer, is it ready, what are its figures.
//!
//! `/health` says that the process answers and nothing else; `/ready` asks the engine for what it leans on;
//! `/metrics` is for this machine or for whoever holds the metrics token.

use crate::guard::bearer;
use crate::ports::WayIn;
use crate::problem::Refusal;
use crate::public::router::Face;
use crate::serve::Peer;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use engine_client::client::ClientError;
use engine_client::principal::Principal;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::status::EngineStatus;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use std::time::Duration;

/// Whoever asks whether we are ready is rarely patient.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    version: &'a str,
    mode: &'a str,
}

pub async fn health(State(face): State<Face>) -> Response {
    let appliance = &face.appliance;
    Json(Health { status: "ok", version: appliance.version(), mode: appliance.mode() }).into_response()
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<Reason>,
}

/// One thing that is missing, in words for whoever looks after the box.
#[derive(Serialize)]
struct Reason {
    part: String,
    detail: String,
}

pub async fn ready(State(face): State<Face>) -> Response {
    let reasons = reasons(face.appliance.engine()).await;
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready: reasons.is_empty(), reasons })).into_response()
}

async fn reasons(engine_access: Result<WayIn, Problem>) -> Vec<Reason> {
    let engine = |detail: String| vec![Reason { part: "engine".to_owned(), detail }];
    let access = match engine_access {
        Ok(access) => access,
        Err(problem) => return engine(problem.detail),
    };
    // As nobody: whoever is somebody is looked up in the store, which may be what is gone.
    let asked = access.client(Principal::Anonymous).with_patience(PATIENCE).get("/api/v1/status").await;
    let status: EngineStatus = match asked {
        Ok(status) => status,
        Err(ClientError::Refused(problem)) => return engine(problem.detail),
        Err(error) => {
            tracing::warn!(error = %error, "the engine could not be asked how it is");
            return engine("the engine does not answer".to_owned());
        }
    };
    let missing = status.parts.into_iter().filter(|part| part.needed && !part.ok);
    missing.map(|part| Reason { part: part.name, detail: part.detail }).collect()
}

pub async fn metrics(
    State(face): State<Face>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    if !may_read_figures(peer, request.headers(), face.metrics_token.as_deref()) {
        return Refusal::new(
            ErrorCode::Forbidden,
            "the figures are for this machine; set a metrics token to read them from elsewhere",
        )
        .into_response();
    }
    // What is rendered is also thinned out, so that it does not grow between two looks.
    face.figures.run_upkeep();
    let text = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, text)], face.figures.render()).into_response()
}

fn may_read_figures(peer: Peer, headers: &HeaderMap, token: Option<&str>) -> bool {
    let local = match peer {
        Peer::Local => true,
        Peer::Network(address) => address.ip().to_canonical().is_loopback(),
    };
    // A proxy on this machine speaks for somebody who may be anywhere.
    let direct = !headers.contains_key("x-forwarded-for") && !headers.contains_key(header::FORWARDED);
    if local && direct {
        return true;
    }
    let brought = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.to_str().ok()?));
    matches!((brought, token), (Some(brought), Some(token)) if same(brought.as_bytes(), token.as_bytes()))
}

/// Compares without telling by its duration how much was right.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |found, (a, b)| found | (a ^ b));
    std::hint::black_box(differences) == 0 && one.len() == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn from(address: &str) -> Peer {
        Peer::Network(address.parse().expect("an address"))
    }

    #[test]
    fn figures_are_for_this_machine_or_for_the_token() {
        let (mut bearing, mut proxied) = (HeaderMap::new(), HeaderMap::new());
        bearing.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer figures-token-1"));
        proxied.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
        let (none, token) = (HeaderMap::new(), Some("figures-token-1"));
        assert!(may_read_figures(from("127.0.0.1:9"), &none, None));
        assert!(may_read_figures(from("[::ffff:127.0.0.1]:9"), &none, None));
        assert!(may_read_figures(Peer::Local, &none, None));
        assert!(may_read_figures(from("203.0.113.9:9"), &bearing, token));
        assert!(!may_read_figures(from("203.0.113.9:9"), &none, token));
        assert!(!may_read_figures(from("203.0.113.9:9"), &bearing, None));
        assert!(!may_read_figures(from("203.0.113.9:9"), &bearing, Some("figures-token-2")));
        assert!(!may_read_figures(from("203.0.113.9:9"), &bearing, Some("figures-token-1-and-more")));
        assert!(!may_read_figures(from("127.0.0.1:9"), &proxied, token), "a proxy on this machine");
    }
}
