//! What can be done to a conversation as a whole: named, pinned, looked at on another branch, removed and
//! brought back.

use super::address::address;
use crate::pages::error::PageError;
use crate::pages::form::{Nothing, Sealed};
use crate::pages::visit::Member;
use axum::extract::Path;
use axum::response::Redirect;
use engine_client::wire::conversations::{ConversationChange, ConversationView};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
pub struct Title {
    title: String,
}

#[derive(Deserialize)]
pub struct Pinned {
    pinned: String,
}

pub async fn rename(
    member: Member,
    Path(id): Path<Uuid>,
    Sealed(asked): Sealed<Title>,
) -> Result<Redirect, PageError> {
    let change = ConversationChange { title: Some(asked.title), ..ConversationChange::default() };
    changed(&member, id, &change).await?;
    Ok(Redirect::to(&address(id)))
}

pub async fn pin(
    member: Member,
    Path(id): Path<Uuid>,
    Sealed(asked): Sealed<Pinned>,
) -> Result<Redirect, PageError> {
    let change = ConversationChange { pinned: Some(asked.pinned == "true"), ..ConversationChange::default() };
    changed(&member, id, &change).await?;
    Ok(Redirect::to(&address(id)))
}

/// The branch through this message comes into view.
pub async fn look(
    member: Member,
    Path((id, message)): Path<(Uuid, Uuid)>,
    _: Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    let change = ConversationChange { through: Some(message), ..ConversationChange::default() };
    changed(&member, id, &change).await?;
    Ok(Redirect::to(&format!("{}#m-{message}", address(id))))
}

/// Gone from everywhere, and for some days to be brought back.
pub async fn remove(member: Member, Path(id): Path<Uuid>, _: Sealed<Nothing>) -> Result<Redirect, PageError> {
    member.client.delete(&format!("/api/v1/conversations/{id}")).await?;
    Ok(Redirect::to(&format!("/chat?removed={id}")))
}

pub async fn restore(
    member: Member,
    Path(id): Path<Uuid>,
    _: Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    let path = format!("/api/v1/conversations/{id}/restore");
    member.client.post::<ConversationView>(&path, &()).await?;
    Ok(Redirect::to(&address(id)))
}

async fn changed(member: &Member, id: Uuid, change: &ConversationChange) -> Result<(), PageError> {
    member.client.patch::<ConversationView>(&format!("/api/v1/conversations/{id}"), change).await?;
    Ok(())
}
