//! The living part of a page: what a script asks for again and again, answered only where it has changed.

use super::error::PageError;
use super::frame::html;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// Answers `304` to whoever has this already.
pub fn answer(headers: &HeaderMap, living: &impl Template) -> Result<Response, PageError> {
    let mark = mark(living)?;
    let has_it = headers.get(header::IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == mark.as_bytes());
    let mut response = if has_it { StatusCode::NOT_MODIFIED.into_response() } else { html(living) };
    let value = HeaderValue::from_str(&mark).map_err(|_| PageError::Internal)?;
    response.headers_mut().insert(header::ETAG, value);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// As an entity tag: another one whenever a letter of it is another.
pub fn mark(living: &impl Template) -> Result<String, PageError> {
    let text = living.render().map_err(|error| {
        tracing::error!(error = %error, "a page could not be rendered");
        PageError::Internal
    })?;
    let digest = Sha256::digest(text);
    let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("\"{digits}\""))
}
