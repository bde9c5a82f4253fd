//! What a caller asks for: one parsed URL, headers, a body, and how much it is willing to take.

use crate::error::OutboundError;
use bytes::Bytes;
use http::{HeaderMap, Method};
use std::time::Duration;
use url::Url;

#[derive(Clone, Debug)]
pub struct OutboundRequest {
    pub method: Method,
    pub url: Url,
    /// Secrets must be marked with `HeaderValue::set_sensitive`; none crosses to another origin.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub limits: Limits,
}

impl OutboundRequest {
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            limits: Limits::default(),
        }
    }

    pub fn post(url: Url, body: Bytes) -> Self {
        Self { method: Method::POST, body, ..Self::get(url) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until the response's head is there, at each hop. Default 30 s.
    pub headers: Duration,
    /// Between two pieces of the body. Default 30 s.
    pub silence: Duration,
    /// From the first hop to the last byte; `None` for streams that may go on. Default 60 s.
    pub total: Option<Duration>,
    /// Bytes of the body. Default 4 MiB.
    pub body: u64,
    /// Redirects that are followed. Default 5.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(30),
            silence: Duration::from_secs(30),
            total: Some(Duration::from_mins(1)),
            body: 4 * 1024 * 1024,
            redirects: 5,
        }
    }
}

/// Reads an address a person typed. Stricter than the URL standard, which forgives what only
/// somebody with a plan would write: backslashes, and blanks and line breaks inside.
pub fn parse_url(text: &str) -> Result<Url, OutboundError> {
    let bad = |reason: &str| OutboundError::BadUrl { reason: reason.to_owned() };
    let text = text.trim_matches(' ');
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(bad("it contains blanks or control characters"));
    }
    if text.contains('\\') {
        return Err(bad("it contains a backslash"));
    }
    let url = Url::parse(text).map_err(|e| OutboundError::BadUrl { reason: e.to_string() })?;
    crate::guard::check_shape(&url)?;
    Ok(url)
}
