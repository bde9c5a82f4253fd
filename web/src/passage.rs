//! Hands a call on to the engine or the voice, byte for byte, under a name that we vouch for.
//!
//! What a caller says about itself in our internal headers is taken off first, then ours is put on. The
//! body streams through both ways; when the caller hangs up, the engine's answer is dropped with it.

use crate::edge::request::{ActedUpon, RequestId};
use crate::ports::WayIn;
use crate::problem::Refusal;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use engine_client::principal::{DEADLINE_MS, INTERNAL_HEADERS, Principal, REQUEST_ID, SECRET};
use engine_client::problem::ErrorCode;
use engine_client::transport::{self, BoxError, TransportError};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body_util::BodyExt;
use std::time::Duration;

/// Headers of one connection, which mean nothing on the next.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];
/// Proofs that are ours to look at and nobody else's.
const PROOFS: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, HeaderName::from_static("x-api-key")];

/// A call that waits for a whole turn waits as long as a turn may take.
const WHOLE_TURN: Duration = Duration::from_mins(10);

/// Passes `request` on as `principal`, who waits at most `patience` unless a whole turn is waited for.
pub async fn pass(way: &WayIn, request: Request, principal: &Principal, patience: Duration) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let patience = if waits_for_a_turn(&request) { WHOLE_TURN } else { patience };
    let (mut parts, body) = request.into_parts();
    strip(&mut parts.headers);
    for name in INTERNAL_HEADERS {
        parts.headers.remove(name);
    }
    for name in PROOFS {
        parts.headers.remove(name);
    }
    parts.headers.remove(header::HOST);
    if let Err(refusal) = stamp(&mut parts.headers, way, principal, patience, id) {
        return refusal.into_response();
    }
    let mut onward = http::Request::new(body.map_err(BoxError::from).boxed_unsync());
    *onward.method_mut() = parts.method;
    *onward.headers_mut() = parts.headers;
    // The target without scheme and host: an absolute one was for us.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    match path.parse() {
        Ok(path) => *onward.uri_mut() = path,
        Err(_) => return Refusal::new(ErrorCode::Invalid, "the path is not a path").into_response(),
    }
    let mut response = match transport::call(&way.transport, onward).await {
        Ok(response) => response.map(Body::new),
        Err(error) => return unreachable(&error).into_response(),
    };
    strip(response.headers_mut());
    response.extensions_mut().insert(ActedUpon);
    response
}

/// Who calls, for whom, and for how long.
pub fn stamp(
    headers: &mut HeaderMap,
    way: &WayIn,
    principal: &Principal,
    patience: Duration,
    id: Option<RequestId>,
) -> Result<(), Refusal> {
    let value = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|_| Refusal::new(ErrorCode::Internal, "a header could not be written"))
    };
    let mut secret = value(&way.secret)?;
    secret.set_sensitive(true);
    headers.insert(SECRET, secret);
    headers.insert(engine_client::principal::PRINCIPAL, value(&principal.to_header())?);
    headers.insert(DEADLINE_MS, value(&patience.as_millis().to_string())?);
    if let Some(RequestId(id)) = id {
        headers.insert(REQUEST_ID, value(&id)?);
    }
    Ok(())
}

fn strip(headers: &mut HeaderMap) {
    // `Connection` may name more headers that end here.
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn waits_for_a_turn(request: &Request) -> bool {
    request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "wait=true"))
}

fn unreachable(error: &TransportError) -> Refusal {
    tracing::warn!(error = %error, "the engine could not be asked");
    let detail = match error {
        TransportError::Unreachable(_) => "the engine cannot be reached; try again in a moment",
        TransportError::Interrupted(_) => "the engine broke off; whether it acted is not known",
    };
    Refusal::new(ErrorCode::StoreUnavailable, detail)
}
