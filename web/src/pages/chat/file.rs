//! A picture that was sent, as the page shows it; any other file as a download.

use crate::pages::error::PageError;
use crate::pages::visit::Member;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine_client::pictures;
use futures::StreamExt;
use http::header;
use uuid::Uuid;

/// What kind of file it is, is told by its first bytes: a page that was uploaded under a picture's name is
/// never shown as one of ours.
pub async fn get(member: Member, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    let content = member.client.download(&format!("/api/v1/attachments/{id}/content")).await?;
    let mut content = Box::pin(content);
    let first = content.next().await.transpose()?.unwrap_or_else(Bytes::new);
    let (media_type, disposition) = match pictures::media_type(&first) {
        Some(media_type) => (media_type, "inline"),
        None => ("application/octet-stream", "attachment"),
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, max-age=86400, immutable"),
    ];
    let whole = futures::stream::iter([Ok(first)]).chain(content);
    Ok((headers, Body::from_stream(whole)).into_response())
}
