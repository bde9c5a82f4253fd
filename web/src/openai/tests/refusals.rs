//! Whoever refuses, the shape is OpenAI's.

use super::world::{door, with_key};
use crate::public::tests::{KEY, ask, empty, face, request};
use crate::serve::Peer;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use engine_client::problem::{ErrorCode, PROBLEM_JSON, Problem};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

fn error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> (u16, String) {
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    assert!(headers.contains_key("x-request-id"));
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let error = body["error"].as_object().expect("an error object");
    let mut fields: Vec<&str> = error.keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["code", "message", "param", "type"]);
    (status.as_u16(), error["code"].as_str().expect("a code").to_owned())
}

#[tokio::test]
async fn a_key_that_opens_nothing_is_refused_by_the_one_guard_whichever_way_it_came() {
    let door = door(Router::new());
    let at = || request(Method::GET, "/v1/models");
    for call in [
        at(),
        at().header("authorization", "Bearer wrong"),
        at().header("x-api-key", "wrong"),
        at().header("x-api-key", KEY).header("authorization", "Bearer other"),
        at().header("api-key", KEY),
    ] {
        let (status, headers, body) = ask(&door, empty(call)).await;
        assert_eq!(error(status, &headers, &body), (401, "invalid_api_key".into()));
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    // A good one passes either way: what it finds is that this engine has no such route.
    for call in [at().header("authorization", format!("bearer {KEY}")), at().header("x-api-key", KEY)] {
        let (status, headers, body) = ask(&door, empty(call)).await;
        assert_ne!(status, StatusCode::UNAUTHORIZED);
        error(status, &headers, &body);
    }
}

#[tokio::test]
async fn the_edge_speaks_the_same_below_v1_and_as_before_elsewhere() {
    let door = door(Router::new());
    let stranger = |path: &str| {
        let builder = http::Request::builder().uri(path).extension(Peer::Local);
        empty(builder.header("host", "evil.example"))
    };
    let large = with_key(Method::POST, "/v1/models").header("content-length", "1001");
    for (call, expected) in [
        (stranger("/v1/models"), (421, "host_not_allowed")),
        (large.body(Body::from("x")).expect("a request"), (413, "too_large")),
        (empty(with_key(Method::GET, "/v1/nothing")), (404, "not_found")),
        (empty(with_key(Method::GET, "/v1")), (404, "not_found")),
        (empty(with_key(Method::DELETE, "/v1/models")), (405, "method_not_allowed")),
    ] {
        let (status, headers, body) = ask(&door, call).await;
        assert_eq!(error(status, &headers, &body), (expected.0, expected.1.to_owned()));
    }
    for path in ["/v1x", "/nothing"] {
        let (_, headers, body) = ask(&door, stranger(path)).await;
        assert_eq!(headers[header::CONTENT_TYPE], PROBLEM_JSON);
        let problem: Problem = serde_json::from_slice(&body).expect("a problem document");
        assert_eq!(problem.code, ErrorCode::HostNotAllowed);
    }
}

#[tokio::test]
async fn a_box_that_is_starting_says_so() {
    let starting = Problem::new(ErrorCode::StoreUnavailable, "the store is being opened");
    let call = empty(with_key(Method::GET, "/v1/models"));
    let (status, headers, body) = ask(&face(Err(starting)), call).await;
    assert_eq!(error(status, &headers, &body), (503, "store_unavailable".into()));
}

/// As an inner layer would answer.
async fn wait_a_while() -> Response {
    let body = serde_json::to_string(&Problem::new(ErrorCode::TooManyRequests, "a while")).expect("plain");
    let headers = [(header::CONTENT_TYPE, PROBLEM_JSON), (header::RETRY_AFTER, "7")];
    (StatusCode::TOO_MANY_REQUESTS, headers, body).into_response()
}

#[tokio::test]
async fn how_long_to_wait_is_passed_on() {
    let router = Router::new()
        .route("/v1/models", axum::routing::get(wait_a_while))
        .layer(axum::middleware::from_fn(crate::openai::errors::speak));
    let (status, headers, body) = ask(&router, empty(request(Method::GET, "/v1/models"))).await;
    assert_eq!(
        (status, &headers[header::RETRY_AFTER]),
        (StatusCode::TOO_MANY_REQUESTS, &"7".parse().expect("a value"))
    );
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        body["error"],
        json!({"message": "a while", "type": "rate_limit_error", "param": null, "code": "rate_limit_exceeded"})
    );
}
