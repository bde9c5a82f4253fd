//! A message, read aloud as it is made: plain samples for the page's own player, a file for whoever has no script.

use crate::pages::error::PageError;
use crate::pages::visit::Member;
use crate::public::router::Face;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use engine_client::wire::conversations::MessageView;
use http::header;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;
use voice_client::contract::SPEECH;

/// For the first sound; others may speak before.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    #[default]
    Wav,
    /// 24,000 samples a second, 16 bits each.
    Pcm,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    shape: Shape,
}

#[derive(Serialize)]
struct Wish {
    input: String,
    response_format: Shape,
}

pub async fn get(
    State(face): State<Face>,
    member: Member,
    Path((conversation, message)): Path<(Uuid, Uuid)>,
    Query(Asked { shape }): Query<Asked>,
) -> Result<Response, PageError> {
    let path = format!("/api/v1/conversations/{conversation}/messages/{message}");
    let message: MessageView = member.client.get(&path).await?;
    let voice = face.appliance.voice()?.client(member.client.principal().clone());
    let wish = Wish { input: message.text, response_format: shape };
    let sound = voice.with_patience(PATIENCE).download_for(SPEECH, &wish).await?;
    let media_type = match shape {
        Shape::Wav => "audio/wav",
        Shape::Pcm => "audio/pcm",
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(sound)).into_response())
}
