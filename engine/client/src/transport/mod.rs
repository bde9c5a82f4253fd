//! From a request to its response, wherever the engine is.

pub mod failover;
pub mod in_process;
mod kept;
pub mod socket;
pub mod spool;

#[cfg(test)]
mod suite;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A way to the engine. Dropping a response's body cancels the call on the other side.
pub type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, TransportError>;

/// One call. The future is boxed under its plain name: left to the compiler, the body's boxed error makes
/// a future that it cannot prove to be `Send` inside a handler.
pub fn call(
    transport: &Transport,
    request: Request<Body>,
) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
    Box::pin(transport.clone().oneshot(request))
}

#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent: asking again is safe.
    #[error("the engine cannot be reached: {0}")]
    Unreachable(String),
    /// It broke off before a response came; whether it was acted upon is not known.
    #[error("the engine broke off: {0}")]
    Interrupted(String),
}
