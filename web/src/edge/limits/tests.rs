//! The limits over the whole listener, with a clock that the tests move.

use super::counting::Rates;
use crate::ports::WayIn;
use crate::problem::Refusal;
use crate::public::tests::{KEY, ask, empty, face_limited, proofs, proven, request};
use crate::serve::Peer;
use axum::response::IntoResponse;
use axum::routing::{any, post};
use axum::{Json, Router};
use engine_client::principal::{Credential, Principal};
use engine_client::problem::{ErrorCode, Problem};
use engine_client::transport::in_process::in_process;
use engine_client::wire::people::Proof;
use http::{Method, StatusCode, header};
use serde_json::Value;
use std::time::Duration;

const RATES: Rates = Rates { key: 3, person: 5, address: 6, address_attempts: 2 };

/// Knows the good key and the session `good`, both of one person.
fn door() -> Router {
    let prove = |Json(proof): Json<Proof>| async move {
        let Proof::Session(token) = &proof else { return proofs(Json(proof)).await };
        let Principal::Person { tenant, person, .. } = proven() else {
            unreachable!("the tests have a person")
        };
        if token == "good" {
            return Json(Principal::Person { tenant, person, via: Credential::Session }).into_response();
        }
        let problem = Problem::new(ErrorCode::Unauthenticated, "no such session");
        Refusal(problem).into_response()
    };
    let engine = Router::new()
        .route("/api/v1/proofs", post(prove))
        .route(
            "/api/v1/setup",
            any(|| async { Json(serde_json::json!({"has_owner": true, "connections": 0})) }),
        )
        .route("/api/v1/echo", any(|| async { "there" }))
        .route("/api/v1/models", any(|| async { Json(Value::Array(Vec::new())) }))
        .route("/api/v1/search", any(|| async { Json(Value::Array(Vec::new())) }))
        .into_service::<engine_client::transport::Body>();
    let engine = WayIn { transport: in_process(engine), secret: "inner-secret".into() };
    face_limited(Ok(engine), RATES)
}

async fn answer(door: &Router, request: http::request::Builder) -> (StatusCode, Option<u64>, String) {
    let (status, headers, body) = ask(door, empty(request)).await;
    let wait = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    (status, wait, String::from_utf8_lossy(&body).into_owned())
}

fn with_key(path: &str) -> http::request::Builder {
    request(Method::GET, path).header("x-api-key", KEY)
}

#[tokio::test(start_paused = true)]
async fn a_key_has_its_share_over_both_doors_and_gets_it_back() {
    let door = door();
    for path in ["/api/v1/echo", "/v1/models", "/api/v1/echo"] {
        assert_eq!(answer(&door, with_key(path)).await.0, StatusCode::OK);
    }
    let (status, wait, body) = answer(&door, with_key("/api/v1/echo")).await;
    assert_eq!((status, wait), (StatusCode::TOO_MANY_REQUESTS, Some(20)));
    let problem: Problem = serde_json::from_str(&body).expect("a problem");
    assert_eq!((problem.code, problem.retry_after), (ErrorCode::TooManyRequests, Some(20)));

    let (status, wait, body) = answer(&door, with_key("/v1/models")).await;
    assert_eq!((status, wait), (StatusCode::TOO_MANY_REQUESTS, Some(20)));
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["error"]["code"], "rate_limit_exceeded", "{body}");

    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(answer(&door, with_key("/api/v1/echo")).await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_person_has_one_share_for_pages_and_keys() {
    let door = door();
    let page = || request(Method::GET, "/shortcuts").header("cookie", "we_session=good");
    for _ in 0..3 {
        assert_eq!(answer(&door, with_key("/api/v1/echo")).await.0, StatusCode::OK);
    }
    for _ in 0..2 {
        assert_eq!(answer(&door, page()).await.0, StatusCode::OK);
    }
    let (status, wait, body) = answer(&door, page()).await;
    assert_eq!((status, wait), (StatusCode::TOO_MANY_REQUESTS, Some(12)));
    assert!(body.starts_with("<!doctype html>") && body.contains("try again in 12 seconds"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_tries_less_often_than_they_look() {
    let door = door();
    let from = |method: Method, path: &str, peer: &str| {
        let peer = Peer::Network(peer.parse().expect("an address"));
        http::Request::builder().method(method).uri(path).header("host", "localhost").extension(peer)
    };
    let sign_in = |peer: &str| from(Method::POST, "/sign-in", peer).header("accept", "text/html");
    for _ in 0..2 {
        assert_ne!(answer(&door, sign_in("203.0.113.7:1")).await.0, StatusCode::TOO_MANY_REQUESTS);
    }
    let (status, wait, body) = answer(&door, sign_in("203.0.113.7:2")).await;
    assert_eq!((status, wait), (StatusCode::TOO_MANY_REQUESTS, Some(30)));
    assert!(body.starts_with("<!doctype html>"), "{body}");
    // A cookie that proves nothing does not help.
    let (status, ..) = answer(&door, sign_in("203.0.113.7:3").header("cookie", "we_session=made-up")).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    // Looking goes on, and others are not touched.
    assert_eq!(answer(&door, from(Method::GET, "/sign-in", "203.0.113.7:1")).await.0, StatusCode::OK);
    assert_ne!(answer(&door, sign_in("203.0.113.8:1")).await.0, StatusCode::TOO_MANY_REQUESTS);
    for _ in 0..20 {
        assert_eq!(answer(&door, from(Method::GET, "/health", "203.0.113.7:1")).await.0, StatusCode::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_without_a_session_is_an_attempt_before_it_is_read() {
    let door = door();
    let say = || request(Method::POST, "/chat/01890000-0000-7000-8000-000000000000/messages");
    for cookie in ["we_visit=somebody", "we_session=made-up"] {
        let (status, ..) = answer(&door, say().header("cookie", cookie)).await;
        assert_ne!(status, StatusCode::TOO_MANY_REQUESTS);
    }
    let forms = [say(), request(Method::POST, "/settings/name"), request(Method::POST, "/sign-in")];
    for form in forms {
        let (status, wait, _) = answer(&door, form).await;
        assert_eq!((status, wait), (StatusCode::TOO_MANY_REQUESTS, Some(30)));
    }
    // Looks are nobody's to be refused.
    let (status, _, css) = answer(&door, request(Method::GET, "/look.css")).await;
    assert_eq!((status, css.as_str()), (StatusCode::OK, ""));
}

#[tokio::test(start_paused = true)]
async fn keys_cannot_be_guessed_at_leisure() {
    let door = door();
    let wrong = |n: usize| request(Method::GET, "/v1/models").header("x-api-key", format!("wek_{n}"));
    for n in 0..2 {
        assert_eq!(answer(&door, wrong(n)).await.0, StatusCode::UNAUTHORIZED);
    }
    let (status, wait, body) = answer(&door, wrong(3)).await;
    assert_eq!((status, wait), (StatusCode::TOO_MANY_REQUESTS, Some(30)));
    assert!(body.contains("rate_limit_exceeded"), "{body}");
    assert_eq!(answer(&door, with_key("/v1/models")).await.0, StatusCode::OK, "a good key is no guess");
}

#[tokio::test(start_paused = true)]
async fn an_address_is_the_visitors_and_not_the_trusted_proxys() {
    let door = door();
    let through = |visitor: &str| {
        let peer = Peer::Network("192.0.2.1:9".parse().expect("an address"));
        http::Request::builder()
            .method(Method::POST)
            .uri("/sign-in")
            .header("host", "box.lan")
            .header("x-forwarded-for", visitor)
            .extension(peer)
    };
    for visitor in ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"] {
        assert_ne!(answer(&door, through(visitor)).await.0, StatusCode::TOO_MANY_REQUESTS);
    }
    for n in 0..2 {
        let near = format!("2001:db8:1:2::{n}");
        assert_ne!(answer(&door, through(&near)).await.0, StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(answer(&door, through("2001:db8:1:2:ffff::9")).await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_ne!(answer(&door, through("2001:db8:1:3::1")).await.0, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn the_contract_is_told_to_anybody() {
    let door = door();
    let (status, _, body) = answer(&door, request(Method::GET, "/api/openapi.json")).await;
    assert_eq!(status, StatusCode::OK);
    let document: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&document["openapi"], &document["info"]["version"]), (&"3.1.0".into(), &"0.0.0-test".into()));
}
