//! What handlers take from a request; whatever does not fit is a problem with a code, never a bare
//! status.

use super::problem::ApiError;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use engine_client::problem::ErrorCode;
use futures::StreamExt;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A JSON document.
pub struct Document<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Document<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
            return Err(ApiError(
                ErrorCode::UnsupportedMedia,
                "send `content-type: application/json`".into(),
            ));
        }
        let bytes = read(request.into_body()).await?;
        let document =
            serde_json::from_slice(&bytes).map_err(|error| ApiError::invalid(error.to_string()))?;
        Ok(Self(document))
    }
}

/// The largest JSON document: a long message, escaped.
const LARGEST_DOCUMENT: usize = 1024 * 1024;
/// Of what is larger, this much is read and thrown away: a sender hears why it was refused only if it
/// could send to the end.
const MOST_THROWN_AWAY: usize = 16 * 1024 * 1024;

async fn read(body: Body) -> Result<Vec<u8>, ApiError> {
    let mut chunks = body.into_data_stream();
    let (mut document, mut seen) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::invalid("the document could not be read to its end"))?;
        seen += chunk.len();
        if seen <= LARGEST_DOCUMENT {
            document.extend_from_slice(&chunk);
        } else if seen > MOST_THROWN_AWAY {
            break;
        }
    }
    if seen <= LARGEST_DOCUMENT {
        Ok(document)
    } else {
        Err(ApiError(ErrorCode::TooLarge, "the document is larger than 1 MiB".into()))
    }
}

/// The one id in the path.
pub struct Id(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::invalid("the path does not fit"))?;
        Uuid::parse_str(&text).map(Self).map_err(|_| ApiError::invalid("the id in the path is not a UUID"))
    }
}

/// The two ids in the path.
pub struct Ids(pub Uuid, pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let ids = Path::<(Uuid, Uuid)>::from_request_parts(parts, state).await;
        let Path((one, other)) = ids.map_err(|_| ApiError::invalid("an id in the path is not a UUID"))?;
        Ok(Self(one, other))
    }
}

/// The query string.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(asked) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
        Ok(Self(asked))
    }
}
