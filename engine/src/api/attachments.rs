//! Files: streamed in, streamed out, never held whole.

use super::extract::{Asked, Id};
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::ids::AttachmentId;
use crate::ports::attachments::NewAttachment;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use engine_client::problem::ErrorCode;
use engine_client::wire::attachments::AttachmentView;
use engine_client::wire::queries::UploadQuery;
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub async fn upload(
    State(api): State<Api>,
    Resident(person): Resident,
    Asked(asked): Asked<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<AttachmentView>), ApiError> {
    let name = asked.name.trim();
    if name.is_empty() || name.chars().count() > 255 || name.chars().any(char::is_control) {
        return Err(ApiError::invalid("name: 1 to 255 characters, none of them a control character"));
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or("application/octet-stream");
    if media_type.len() > 127 {
        return Err(ApiError::invalid("content-type: at most 127 characters"));
    }
    let new = NewAttachment {
        id: AttachmentId(api.clock.new_id()),
        tenant: person.tenant,
        person: person.id,
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        created_at: api.clock.now(),
        quota_bytes: api.attachment_quota_bytes,
    };
    // Counted here, chunk by chunk, so that the answer is a problem document.
    let most = api.largest_upload_bytes;
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let content = body.into_data_stream().map_err(std::io::Error::other).map(move |chunk| {
        let chunk = chunk?;
        if counted.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len() > most {
            return Err(std::io::Error::other("too large"));
        }
        Ok(chunk)
    });
    match api.store.attachments.store(new, content.boxed()).await {
        Ok(attachment) => Ok((StatusCode::CREATED, Json(views::attachment(&attachment)))),
        Err(_) if seen.load(Ordering::Relaxed) > most => {
            let mib = most / (1024 * 1024);
            Err(ApiError(ErrorCode::TooLarge, format!("a file may have {mib} MiB at most")))
        }
        Err(error) => Err(error.into()),
    }
}

pub async fn describe(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<Json<AttachmentView>, ApiError> {
    let attachment = api.store.attachments.find(person.tenant, person.id, AttachmentId(id)).await?;
    Ok(Json(views::attachment(&attachment.ok_or_else(|| ApiError::missing("attachment"))?)))
}

/// Always as a download: what a stranger gave us is never shown as a page of ours.
pub async fn content(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<Response, ApiError> {
    let attachment = api.store.attachments.find(person.tenant, person.id, AttachmentId(id)).await?;
    let attachment = attachment.ok_or_else(|| ApiError::missing("attachment"))?;
    let chunks = api.store.attachments.read(&attachment).await?;
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(attachment.size));
    Ok(response)
}

pub async fn remove(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    if api.store.attachments.remove(person.tenant, person.id, AttachmentId(id)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::missing("attachment"))
    }
}
