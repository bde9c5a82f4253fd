//! What somebody is told who speaks plain HTTP where TLS is spoken: the address they meant.
//!
//! Nothing is served here and nothing is passed on; a key that was sent along has been seen by whoever
//! listens on the way, and a redirect would hide that.

use crate::edge::host::{self, AllowedHosts};
use crate::edge::request;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use http::{StatusCode, header};

pub fn router(hosts: AllowedHosts) -> Router {
    Router::new()
        .fallback(name_the_address)
        .layer(middleware::from_fn_with_state(hosts, host::check))
        .layer(middleware::from_fn(request::account))
}

async fn name_the_address(request: Request) -> Response {
    let asked = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let named = || request.headers().get(header::HOST)?.to_str().ok().map(str::to_owned);
    let host = asked.or_else(named).unwrap_or_else(|| "localhost".to_owned());
    let told = format!("This box speaks https here. The address is https://{host}/\n");
    let plain =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (StatusCode::BAD_REQUEST, plain, told).into_response()
}
