//! Who comes in: only our own front doors, each with the name of whoever it speaks for. What they may do was settled there.

use super::problem::VoiceError;
use super::router::Voice;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_client::principal::{DEADLINE_MS, PRINCIPAL, Principal, REQUEST_ID, SECRET};
use engine_client::problem::ErrorCode;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Hours of sound take a while; nobody waits longer for the beginning of an answer.
const LONGEST: Duration = Duration::from_hours(1);

/// Whose turn it is, where several wait.
#[derive(Clone, Debug)]
pub struct Who(pub String);

pub async fn guard(State(voice): State<Voice>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = request.headers().get(REQUEST_ID).cloned().unwrap_or(HeaderValue::from_static("none"));
    let span = tracing::info_span!("voice", request.id = id.to_str().unwrap_or_default());
    let patience = request.headers().get(DEADLINE_MS).and_then(|value| value.to_str().ok()?.parse().ok());
    let patience = patience.map_or(LONGEST, Duration::from_millis).min(LONGEST);
    let answer = async {
        match admit(&voice, request.headers()) {
            Err(error) => error.into_response(),
            Ok(who) => {
                request.extensions_mut().insert(who);
                let late = format!("no answer within {patience:?}");
                let answered = tokio::time::timeout(patience, next.run(request)).await;
                answered
                    .unwrap_or_else(|_| VoiceError::new(ErrorCode::DeadlineExceeded, late).into_response())
            }
        }
    };
    let mut answer = answer.instrument(span.clone()).await;
    let path = path.as_deref().unwrap_or("unmatched");
    span.in_scope(|| {
        let (status, duration_us) = (answer.status().as_u16(), begun.elapsed().as_micros() as u64);
        tracing::debug!(target: "performance", { http.status = status, duration_us }, "{path} answered {status}");
    });
    // Whoever called knows by it that it was us.
    answer.headers_mut().insert(REQUEST_ID, id);
    answer
}

fn admit(voice: &Voice, headers: &HeaderMap) -> Result<Who, VoiceError> {
    let secret = headers.get(SECRET).map(HeaderValue::as_bytes).unwrap_or_default();
    // Comparing digests takes the same time wherever the first difference is.
    let is_ours = Sha256::digest(secret) == Sha256::digest(voice.secret.as_bytes());
    let principal = headers.get(PRINCIPAL).filter(|_| is_ours).and_then(|value| value.to_str().ok());
    match principal.and_then(Principal::from_header) {
        Some(Principal::Operator) => Ok(Who("operator".to_owned())),
        Some(Principal::Person { person, .. }) => Ok(Who(person.to_string())),
        Some(Principal::Anonymous) | None => {
            let door = "this door is for WhisperEngine's own front doors, on behalf of somebody";
            Err(VoiceError::new(ErrorCode::Unauthenticated, door))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().expect("every route is behind the guard"))
    }
}

pub async fn no_such_route() -> VoiceError {
    VoiceError::new(ErrorCode::NotFound, "no such route")
}

pub async fn wrong_method() -> VoiceError {
    VoiceError::new(ErrorCode::MethodNotAllowed, "this route has other methods")
}
