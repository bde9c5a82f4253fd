//! Whom a request is counted for, and what they hear who asked too much.

use super::shares::Shares;
use crate::edge::visitor::Visitor;
use crate::pages::error::PageError;
use crate::problem::Refusal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_client::principal::{Credential, Principal};
use engine_client::problem::{ErrorCode, Problem};
use http::{Extensions, HeaderMap, Method, header};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use uuid::Uuid;

/// Requests a minute; as many may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    pub key: u32,
    pub person: u32,
    /// What comes without proof of who asks, or with a wrong one.
    pub address: u32,
    /// Of that, what would change something: signing in, setting up, guessing keys.
    pub address_attempts: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { key: 1200, person: 2400, address: 300, address_attempts: 30 }
    }
}

#[derive(Clone)]
pub struct Limits(Arc<Held>);

struct Held {
    keys: Shares<Uuid>,
    people: Shares<Uuid>,
    addresses: Shares<IpAddr>,
    attempts: Shares<IpAddr>,
}

impl Limits {
    pub fn new(rates: Rates) -> Self {
        Self(Arc::new(Held {
            keys: Shares::new(rates.key),
            people: Shares::new(rates.person),
            addresses: Shares::new(rates.address),
            attempts: Shares::new(rates.address_attempts),
        }))
    }

    /// Counts a request of somebody whose proof was good.
    pub fn count_caller(&self, principal: &Principal) -> Result<(), Problem> {
        let Principal::Person { person, via, .. } = principal else { return Ok(()) };
        if let Credential::Key { id } = via {
            self.0.keys.take(*id).map_err(|seconds| too_many("with this key", seconds))?;
        }
        self.0.people.take(*person).map_err(|seconds| too_many("from you", seconds))
    }

    /// Counts a request of nobody in particular; `attempt` where it tries to become somebody.
    pub fn count_stranger(&self, extensions: &Extensions, attempt: bool) -> Result<(), Problem> {
        let address = extensions.get::<Visitor>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |it| it.address);
        let address = neighbourhood(address);
        if attempt {
            self.0.attempts.take(address).map_err(|seconds| too_many("from your address", seconds))?;
        }
        self.0.addresses.take(address).map_err(|seconds| too_many("from your address", seconds))
    }
}

/// In front of whatever answers anybody.
pub async fn hold_guests(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let attempt = request.method() == Method::POST;
    match limits.count_stranger(request.extensions(), attempt) {
        Ok(()) => next.run(request).await,
        Err(problem) => refused(problem, request.headers()),
    }
}

/// A person gets a page, a program gets a problem.
fn refused(problem: Problem, headers: &HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|accepts| accepts.contains("text/html")) {
        return PageError::from(problem).into_response();
    }
    Refusal(problem).into_response()
}

/// Whoever has one IPv6 address usually has the other 2^64 beside it.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn too_many(whose: &str, seconds: u64) -> Problem {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let detail = format!("too many requests came {whose}; try again in {seconds} {unit}");
    Problem { retry_after: Some(seconds), ..Problem::new(ErrorCode::TooManyRequests, detail) }
}
