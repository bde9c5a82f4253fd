//! A form that was really sent from one of our pages, by the browser it was made for.

use super::error::PageError;
use super::session::{Cookies, comes_from_us};
use crate::public::router::Face;
use axum::Form;
use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// For a form that is only a button.
#[derive(Deserialize)]
pub struct Nothing {}

/// What the person filled in.
pub struct Sealed<T>(pub T);

#[derive(Deserialize)]
struct Document<T> {
    #[serde(default)]
    seal: String,
    #[serde(flatten)]
    fields: T,
}

impl<T: DeserializeOwned> FromRequest<Face> for Sealed<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, face: &Face) -> Result<Self, PageError> {
        let ours = comes_from_us(request.headers());
        let seal = Cookies::read(request.headers()).seal();
        let form = Form::<Document<T>>::from_request(request, face).await;
        let Form(document) = form.map_err(|_| PageError::Incomplete)?;
        if !ours || seal.as_deref() != Some(&document.seal) {
            return Err(PageError::Stale);
        }
        Ok(Self(document.fields))
    }
}
