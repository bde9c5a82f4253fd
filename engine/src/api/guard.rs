//! Who comes in: only our own front doors, and for each the person they speak for as they are now.
//!
//! The person is looked up on every call, so a suspension or a demotion counts from the next one on.

use super::problem::{ApiError, response};
use super::state::Api;
use crate::domain::authorize::{Action, Denied, Subject, authorize};
use crate::domain::ids::{PersonId, TenantId};
use crate::domain::person::{Person, PersonState, Role};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_client::contract::operations::Operation;
use engine_client::principal::{DEADLINE_MS, PRINCIPAL, Principal, REQUEST_ID, SECRET};
use engine_client::problem::{ErrorCode, Problem};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use tracing::Instrument;

/// No caller waits longer for the beginning of an answer.
const LONGEST_DEADLINE: Duration = Duration::from_secs(900);

pub async fn guard(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(&api, request.headers());
    let span = tracing::info_span!("contract", request.id = %id, http.method = %request.method());
    let path = request.extensions().get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned());
    let deadline = deadline(request.headers());
    let answer = async {
        match admit(&api, request.headers(), path.as_deref()).await {
            Err(error) => error.into_response(),
            Ok(subject) => {
                request.extensions_mut().insert(subject);
                match tokio::time::timeout(deadline, next.run(request)).await {
                    Ok(response) => response,
                    Err(_) => ApiError(ErrorCode::DeadlineExceeded, format!("no answer within {deadline:?}"))
                        .into_response(),
                }
            }
        }
    };
    let mut answer = answer.instrument(span.clone()).await;
    let path = path.as_deref().unwrap_or("unmatched");
    span.in_scope(|| {
        let (status, duration_us) = (answer.status().as_u16(), begun.elapsed().as_micros() as u64);
        tracing::debug!(target: "performance", { http.route = path, http.status = status, duration_us }, "{path} answered {status}");
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}

async fn admit(api: &Api, headers: &HeaderMap, path: Option<&str>) -> Result<Subject, ApiError> {
    let unauthenticated = |detail: &str| ApiError(ErrorCode::Unauthenticated, detail.to_owned());
    let secret = headers.get(SECRET).map(HeaderValue::as_bytes).unwrap_or_default();
    // Comparing digests takes the same time wherever the first difference is.
    if Sha256::digest(secret) != Sha256::digest(api.secret.as_bytes()) {
        return Err(unauthenticated("this door is for WhisperEngine's own front doors"));
    }
    let principal = headers.get(PRINCIPAL).and_then(|value| value.to_str().ok());
    let principal = principal.and_then(Principal::from_header);
    match principal.ok_or_else(|| unauthenticated("the call does not say who is speaking"))? {
        Principal::Anonymous => Ok(Subject { tenant: api.tenant, person: None, operator: false }),
        Principal::Operator => {
            // How the store is must be told without it.
            let asks_how_it_is = path == Some(Operation::Status.path());
            let person = if asks_how_it_is { None } else { first_owner(api).await? };
            Ok(Subject { tenant: api.tenant, person, operator: true })
        }
        Principal::Person { tenant, person, .. } => {
            let tenant = TenantId(tenant);
            let person = api.store.people.find(tenant, PersonId(person)).await?;
            let person = person.filter(|person| person.state == PersonState::Active);
            let person = person.ok_or_else(|| unauthenticated("this account may not come in"))?;
            Ok(Subject { tenant, person: Some(person), operator: false })
        }
    }
}

/// Whoever sits at the terminal speaks as the owner of the box, once there is one.
async fn first_owner(api: &Api) -> Result<Option<Person>, ApiError> {
    let people = api.store.people.list(api.tenant).await?;
    Ok(people.into_iter().find(|person| person.role == Role::Owner && person.state == PersonState::Active))
}

fn request_id(api: &Api, headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let sound = |id: &&str| !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_graphic());
    given.filter(sound).map_or_else(|| api.clock.new_id().to_string(), str::to_owned)
}

fn deadline(headers: &HeaderMap) -> Duration {
    let asked = headers.get(DEADLINE_MS).and_then(|value| value.to_str().ok()?.parse().ok());
    asked.map_or(LONGEST_DEADLINE, Duration::from_millis).min(LONGEST_DEADLINE)
}

/// Somebody who may live here; whoever may not, is told so.
pub struct Resident(pub Person);

impl<S: Send + Sync> FromRequestParts<S> for Resident {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Caller(subject) = caller(parts)?;
        let allowed = authorize(&subject, Action::Live);
        match subject.person {
            Some(person) => Ok(allowed.map(|()| Self(person))?),
            None if subject.operator => {
                Err(ApiError(ErrorCode::Forbidden, "nobody lives here yet: run `whisperengine setup`".into()))
            }
            None => Err(Denied.into()),
        }
    }
}

/// Whoever it is; the handler asks what they may do.
pub struct Caller(pub Subject);

impl Caller {
    pub fn may(&self, action: Action) -> Result<(), ApiError> {
        Ok(authorize(&self.0, action)?)
    }

    pub fn person(&self) -> Option<PersonId> {
        self.0.person.as_ref().map(|person| person.id)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        caller(parts)
    }
}

fn caller(parts: &Parts) -> Result<Caller, ApiError> {
    let subject = parts.extensions.get::<Subject>().cloned();
    // Only a route outside the guard could lack it, and the router puts none there.
    subject
        .map(Caller)
        .ok_or_else(|| ApiError(ErrorCode::Unauthenticated, "who is speaking is not known".into()))
}

/// For paths and methods that are not in the contract.
pub async fn no_such_route() -> Response {
    response(&Problem::new(ErrorCode::NotFound, "no such route"))
}

pub async fn wrong_method() -> Response {
    response(&Problem::new(ErrorCode::MethodNotAllowed, "this route has other methods"))
}
