//! The client: judges every hop, follows redirects itself, and watches the clock.

use crate::allow::{AllowList, Origin};
use crate::error::{OutboundError, Stage};
use crate::guard::{self, Reach};
use crate::request::{Limits, OutboundRequest};
use crate::resolve::{GuardedResolver, Resolver, SystemResolver};
use crate::response::{OutboundResponse, bounded};
use crate::tls;
use bytes::Bytes;
use futures::stream::StreamExt;
use http::{HeaderMap, Method, StatusCode, header};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

pub struct OutboundConfig {
    /// Name lookup, TCP and TLS together. Default 10 s.
    pub connect: Duration,
    /// How long an idle connection is kept for the next request. Default 90 s.
    pub idle: Duration,
    /// Default: the operating system.
    pub resolver: Arc<dyn Resolver>,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(90),
            resolver: Arc::new(SystemResolver),
        }
    }
}

/// One pool of connections per scheme and reach: a connection made for a listed origin is never
/// handed to a request that may only go to public addresses.
pub struct Outbound {
    config: OutboundConfig,
    plain: Pools,
    secure: Pools,
}

#[derive(Default)]
struct Pools {
    public: OnceCell<reqwest::Client>,
    listed: OnceCell<reqwest::Client>,
}

impl Outbound {
    /// Reads no file and opens no socket; CA files are read at the first https request.
    pub fn new(config: OutboundConfig) -> Self {
        Self { config, plain: Pools::default(), secure: Pools::default() }
    }

    /// Sends the request and returns once the head of the final response is there. Any status is an
    /// answer. Cancel-safe: dropping the future gives the exchange up.
    pub async fn send(
        &self,
        request: OutboundRequest,
        allow: &AllowList,
    ) -> Result<OutboundResponse, OutboundError> {
        let deadline = request.limits.total.map(|total| Instant::now() + total);
        let limits = request.limits;
        let mut hop = request;
        for _ in 0..=limits.redirects {
            let response = self.hop(&hop, allow, deadline).await?;
            let Some(target) = redirect_target(&hop.url, response.status(), response.headers())? else {
                return Ok(OutboundResponse {
                    status: response.status(),
                    headers: response.headers().clone(),
                    url: hop.url,
                    body: bounded(
                        response.bytes_stream().map(|piece| piece.map_err(|e| failure(&e))).boxed(),
                        limits,
                        deadline,
                    ),
                });
            };
            hop = redirected(hop, target, response.status())?;
        }
        Err(OutboundError::TooManyRedirects { limit: limits.redirects })
    }

    async fn hop(
        &self,
        request: &OutboundRequest,
        allow: &AllowList,
        deadline: Option<Instant>,
    ) -> Result<reqwest::Response, OutboundError> {
        let reach = if allow.contains(&request.url) { Reach::Listed } else { Reach::PublicOnly };
        guard::check_url(&request.url, reach)?;
        let client = self.client(request.url.scheme() == "https", reach).await?;
        let sending = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .body(request.body.clone())
            .send();
        let patience = Instant::now() + request.limits.headers;
        let until = deadline.map_or(patience, |deadline| deadline.min(patience));
        let answer = tokio::time::timeout_at(until, sending)
            .await
            .map_err(|_| too_late(&request.limits, deadline, until))?;
        let response = answer.map_err(|error| {
            if error.is_timeout() && error.is_connect() {
                OutboundError::TimedOut { stage: Stage::Connect, after: self.config.connect }
            } else {
                failure(&error)
            }
        })?;
        // The resolver has judged every address already; this is the socket's own word for it.
        if let Some(peer) = response.remote_addr() {
            reach.check(peer.ip())?;
        }
        Ok(response)
    }

    async fn client(&self, secure: bool, reach: Reach) -> Result<&reqwest::Client, OutboundError> {
        let pools = if secure { &self.secure } else { &self.plain };
        let cell = match reach {
            Reach::PublicOnly => &pools.public,
            Reach::Listed => &pools.listed,
        };
        cell.get_or_try_init(|| async {
            let trust = if secure {
                tokio::task::spawn_blocking(tls::system)
                    .await
                    .map_err(|_| unreachable("the certificate store cannot be read"))?
            } else {
                tls::nobody()
            };
            reqwest::Client::builder()
                .tls_backend_preconfigured(trust)
                .dns_resolver(GuardedResolver { inner: Arc::clone(&self.config.resolver), reach })
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                .connect_timeout(self.config.connect)
                .pool_idle_timeout(self.config.idle)
                .user_agent(concat!("WhisperEngine/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| unreachable(&error.to_string()))
        })
        .await
    }
}

/// Where to go next; `None` where this is the answer.
fn redirect_target(
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Url>, OutboundError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION) else { return Ok(None) };
    let bad = |reason: &str| OutboundError::BadUrl { reason: format!("redirected, but {reason}") };
    let text = location.to_str().map_err(|_| bad("the new address is not text"))?;
    if text.contains('\\') || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(bad("the new address contains characters that belong in none"));
    }
    let target = from.join(text).map_err(|_| bad("the new address cannot be read"))?;
    if from.scheme() == "https" && target.scheme() != "https" {
        return Err(OutboundError::Forbidden { reason: "redirected from https to plain http".to_owned() });
    }
    Ok(Some(target))
}

/// The request for the next hop. Another origin gets neither secrets nor the body.
fn redirected(
    mut hop: OutboundRequest,
    target: Url,
    status: StatusCode,
) -> Result<OutboundRequest, OutboundError> {
    let keeps_method = matches!(status.as_u16(), 307 | 308);
    if !keeps_method && hop.method != Method::GET && hop.method != Method::HEAD {
        hop.method = Method::GET;
        hop.body = Bytes::new();
        hop.headers.remove(header::CONTENT_TYPE);
    }
    if Origin::of(&hop.url) != Origin::of(&target) {
        if !hop.body.is_empty() {
            return Err(OutboundError::Forbidden {
                reason: format!(
                    "redirected to another origin ({}), which would get the request's content",
                    target.host_str().unwrap_or_default()
                ),
            });
        }
        let mut kept = HeaderMap::new();
        for name in [header::ACCEPT, header::ACCEPT_LANGUAGE, header::RANGE] {
            if let Some(value) = hop.headers.remove(&name) {
                kept.insert(name, value);
            }
        }
        hop.headers = kept;
    }
    hop.url = target;
    Ok(hop)
}

fn too_late(limits: &Limits, deadline: Option<Instant>, until: Instant) -> OutboundError {
    match (deadline, limits.total) {
        (Some(deadline), Some(after)) if deadline == until => {
            OutboundError::TimedOut { stage: Stage::Total, after }
        }
        _ => OutboundError::TimedOut { stage: Stage::Headers, after: limits.headers },
    }
}

/// Finds our own refusal in the transport's chain of causes, else says in our words what broke.
fn failure(error: &reqwest::Error) -> OutboundError {
    let mut deepest: &(dyn Error + 'static) = error;
    loop {
        if let Some(ours) = deepest.downcast_ref::<OutboundError>() {
            return ours.clone();
        }
        if let Some(io) = deepest.downcast_ref::<io::Error>()
            && let Some(reason) = io_reason(io.kind())
        {
            return if error.is_connect() {
                unreachable(reason)
            } else {
                OutboundError::Broken { reason: reason.to_owned() }
            };
        }
        match deepest.source() {
            Some(source) => deepest = source,
            None => break,
        }
    }
    let reason = deepest.to_string();
    if error.is_connect() { unreachable(&reason) } else { OutboundError::Broken { reason } }
}

fn io_reason(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => "nothing listens there",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => "the other side hung up",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "there is no way to it",
        io::ErrorKind::TimedOut => "it does not answer",
        _ => return None,
    })
}

fn unreachable(reason: &str) -> OutboundError {
    OutboundError::Unreachable { reason: reason.to_owned() }
}
