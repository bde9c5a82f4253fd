//! What every page has around it: title, style, words, the seal of its forms, and what it may load.

use crate::assets;
use crate::words::Words;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use std::sync::Arc;

/// Our own files and nothing else: no inline script or style, no frame, no form to elsewhere.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Nobody is looked at or found; who wants to be heard presses a button.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=()";

/// Elsewhere nobody is told where somebody came from. With `no-referrer` a browser would not tell us either, whose form it
/// sends: over plain http, beyond this machine, that is all we have to know our own by.
const REFERRER: &str = "same-origin";

pub struct Frame {
    pub words: Arc<Words>,
    pub title: String,
    pub seal: String,
}

impl Frame {
    pub fn new(words: Arc<Words>, title: &str, seal: &str) -> Self {
        Self { words, title: title.to_owned(), seal: seal.to_owned() }
    }

    pub fn say(&self, name: &str) -> String {
        self.words.say(name)
    }

    pub fn with(&self, name: &str, argument: &str, value: &str) -> String {
        self.words.say_with(name, argument, value)
    }

    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }
}

/// The page as an answer that no cache keeps.
pub fn html(page: &impl Template) -> Response {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(error = %error, "a page could not be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY)),
        (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
        (header::REFERRER_POLICY, HeaderValue::from_static(REFERRER)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, text).into_response()
}
