//! Tells a proxy before us that a stream of events is to be passed on as it comes.
//!
//! nginx speaks HTTP/1.0 to us unless told otherwise and then holds an answer back until its buffers are
//! full; this header is how an answer says that it must not.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub async fn keep(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    }
    response
}
