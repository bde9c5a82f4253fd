//! Every request gets an id, one line in the log, and a place in the figures.
//!
//! An id that the caller brings is kept where it is short and plain, so that a proxy's log and ours can be
//! laid side by side. A path never reaches the log: it is reduced to its pattern first.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use engine_client::principal::REQUEST_ID;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::time::Instant;
use uuid::Uuid;

const LONGEST_ID: usize = 64;
/// Longer than any word of our routes.
const LONGEST_WORD: usize = 24;

#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Left on a response that the engine gave, so that the path may be told.
#[derive(Clone, Copy, Debug)]
pub struct ActedUpon;

pub async fn account(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = brought(request.headers()).unwrap_or_else(|| Uuid::now_v7().to_string());
    let header = HeaderValue::from_str(&id).expect("an id is plain ASCII");
    let method = request.method().clone();
    let own = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // What is passed on is named by where it went.
    let own = own.filter(|path| !path.starts_with("/api/v1/"));
    let passed = pattern(request.uri().path());
    request.headers_mut().insert(REQUEST_ID, header.clone());
    request.extensions_mut().insert(RequestId(id.clone()));

    let mut response = next.run(request).await;

    response.headers_mut().insert(REQUEST_ID, header);
    // A path that nobody acted upon was named by the caller alone.
    let is_known =
        response.extensions().get::<ActedUpon>().is_some() && response.status() != StatusCode::NOT_FOUND;
    let route = own.unwrap_or_else(|| if is_known { passed } else { "unknown".to_owned() });
    record(&id, &method, &route, response.status(), began);
    response
}

fn record(id: &str, method: &Method, route: &str, status: StatusCode, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    let labels = [("route", route.to_owned()), ("method", method_label(method).to_owned())];
    metrics::histogram!("whisperengine_http_request_seconds", &labels).record(seconds);
    let [route_label, method_label] = labels;
    let labels = [route_label, method_label, ("status", status.as_str().to_owned())];
    metrics::counter!("whisperengine_http_requests_total", &labels).increment(1);
    let duration_ms = (seconds * 1_000_000.0).round() / 1_000.0;
    if matches!(route, "/health" | "/ready" | "/metrics" | "/system/now") && !status.is_server_error() {
        // Asked every few seconds by whoever watches us.
        tracing::debug!(request.id = id, http.method = %method, http.route = route, http.status = status.as_u16(), duration_ms, "answered a probe");
    } else {
        tracing::info!(request.id = id, http.method = %method, http.route = route, http.status = status.as_u16(), duration_ms, "answered a request");
    }
}

/// A bounded set: what a stranger makes up must not become a new line of figures.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn brought(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (plain && (1..=LONGEST_ID).contains(&id.len())).then(|| id.to_owned())
}

/// Words of a route stay; ids and whatever else stands in a path become `{id}`.
fn pattern(path: &str) -> String {
    let word = |segment: &&str| {
        segment.len() <= LONGEST_WORD
            && segment.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
    };
    let mut segments = path.split('/').skip(1).peekable();
    let mut pattern = String::new();
    if let (Some("api"), Some(&"v1")) = (segments.next(), segments.peek()) {
        segments.next();
        pattern.push_str("/api/v1");
        for segment in segments.take(6) {
            pattern.push('/');
            pattern.push_str(if word(&segment) { segment } else { "{id}" });
        }
        return pattern;
    }
    "unknown".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_reduced_to_the_words_of_its_route() {
        assert_eq!(
            pattern("/api/v1/turns/01890000-0000-7000-8000-000000000000/events"),
            "/api/v1/turns/{id}/events"
        );
        assert_eq!(pattern("/api/v1/people/Someone%20Real"), "/api/v1/people/{id}");
        assert_eq!(pattern("/api/v1/status"), "/api/v1/status");
        assert_eq!(pattern("/my/secret"), "unknown");
    }

    #[test]
    fn a_brought_id_is_kept_only_where_it_is_plain() {
        let with = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).expect("a header"));
            brought(&headers)
        };
        assert_eq!(with("proxy-1.7_a"), Some("proxy-1.7_a".to_owned()));
        for id in ["", "two words", "{\"a\":1}", &"x".repeat(65)] {
            assert_eq!(with(id), None, "{id}");
        }
    }
}
