//! The engine in this process: a call is a function call, no socket and no copy between.

use super::{Body, BoxError, Transport, TransportError};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use std::convert::Infallible;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

/// Wraps the engine's router.
pub fn in_process<S, B>(router: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let service = router
        .map_response(|response: Response<B>| response.map(|body| body.map_err(Into::into).boxed_unsync()))
        .map_err(|never: Infallible| -> TransportError { match never {} });
    BoxCloneSyncService::new(service)
}
