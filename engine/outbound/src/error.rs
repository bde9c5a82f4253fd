//! What can go wrong on the way out, by what the caller can do about it.

use std::time::Duration;

#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OutboundError {
    /// Not an address we could ever call: ask for another one.
    #[error("the address is not usable: {reason}")]
    BadUrl { reason: String },
    /// An address we may not call: the owner can list its origin, except where the reason says never.
    #[error("the address is not allowed: {reason}")]
    Forbidden { reason: String },
    /// Nobody answers there; trying later may help.
    #[error("cannot be reached: {reason}")]
    Unreachable { reason: String },
    #[error("no {stage} within {after:?}")]
    TimedOut { stage: Stage, after: Duration },
    /// The body is larger than the request's limit.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("redirected more than {limit} times")]
    TooManyRedirects { limit: usize },
    /// The connection ended in the middle of the answer, or the answer is not HTTP.
    #[error("the connection broke: {reason}")]
    Broken { reason: String },
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Name lookup, TCP and TLS.
    Connect,
    /// The response's head, counted from the start of the hop.
    Headers,
    /// The next piece of the body.
    Body,
    /// The whole exchange.
    Total,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::Headers => "answer",
            Self::Body => "further data",
            Self::Total => "complete answer",
        })
    }
}
