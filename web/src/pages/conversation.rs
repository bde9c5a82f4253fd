//! What can be done to a conversation as a whole: named anew, or removed once that was confirmed.

use super::error::PageError;
use super::form::Sealed;
use super::frame::{Frame, html};
use super::visit::Member;
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::wire::conversations::{ConversationChange, ConversationView};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "remove.html")]
struct RemovePage {
    frame: Frame,
    conversation: Uuid,
    sentence: String,
}

#[derive(Deserialize)]
pub struct Title {
    title: String,
}

#[derive(Deserialize)]
pub struct Nothing {}

pub async fn rename(
    member: Member,
    Path(id): Path<Uuid>,
    Sealed(asked): Sealed<Title>,
) -> Result<Redirect, PageError> {
    let change = ConversationChange { title: Some(asked.title), ..ConversationChange::default() };
    let path = format!("/api/v1/conversations/{id}");
    member.client.patch::<ConversationView>(&path, &change).await?;
    Ok(Redirect::to(&format!("/chat/{id}")))
}

/// Names what will be lost.
pub async fn ask(
    State(face): State<Face>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let conversation: ConversationView = member.client.get(&format!("/api/v1/conversations/{id}")).await?;
    let title = conversation.title.unwrap_or_else(|| face.words.say("chat-untitled"));
    let sentence = face.words.say_with("remove-what", "title", &title);
    let frame = Frame::new(face.words.clone(), &face.words.say("remove-title"), &member.seal);
    Ok(html(&RemovePage { frame, conversation: id, sentence }).into_response())
}

pub async fn remove(
    member: Member,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    member.client.delete(&format!("/api/v1/conversations/{id}")).await?;
    Ok(Redirect::to("/chat"))
}
