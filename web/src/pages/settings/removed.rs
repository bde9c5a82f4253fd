//! Conversations that were removed and can still be brought back, or deleted for good.

use super::resident::Resident;
use super::shell::{Deed, Nothing, Section};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::moment;
use crate::pages::visit::url_encoded;
use crate::public::router::Face;
use crate::words::Words;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::wire::conversations::{ConversationPage, ConversationView};
use uuid::Uuid;

pub struct Row {
    pub id: Uuid,
    pub title: String,
    pub at: String,
    pub at_short: String,
}

/// Some of them, and where the next ones begin.
pub async fn page(
    words: &Words,
    resident: &Resident,
    before: Option<&str>,
) -> Result<(Vec<Row>, Option<String>), PageError> {
    let page = list(resident, before).await?;
    let row = |removed: ConversationView| Row {
        id: removed.id,
        at: moment::exact(removed.updated_at),
        at_short: moment::short(removed.updated_at),
        title: title(words, removed),
    };
    Ok((page.conversations.into_iter().map(row).collect(), page.next))
}

pub async fn restore(
    resident: Resident,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let path = format!("/api/v1/conversations/{id}/restore");
    resident.client.post::<ConversationView>(&path, &()).await?;
    Ok(Redirect::to("/settings/data?done=restored").into_response())
}

pub async fn ask_delete(
    State(face): State<Face>,
    resident: Resident,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let removed = find(&resident, id).await?;
    let deed = Deed {
        title: "settings-data-delete-title",
        button: "settings-data-delete",
        sentence: face.words.say_with("settings-data-delete-what", "title", &title(&face.words, removed)),
        action: format!("/settings/data/removed/{id}/delete"),
        danger: true,
    };
    Ok(resident.confirm(&face, Section::Data, deed))
}

/// Only what was removed before: what is in use is not deleted by a page that is not about it.
pub async fn delete(
    resident: Resident,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    find(&resident, id).await?;
    resident.client.delete(&format!("/api/v1/conversations/{id}?forever=true")).await?;
    Ok(Redirect::to("/settings/data?done=deleted").into_response())
}

async fn find(resident: &Resident, id: Uuid) -> Result<ConversationView, PageError> {
    let mut before = None;
    loop {
        let page = list(resident, before.as_deref()).await?;
        if let Some(found) = page.conversations.into_iter().find(|removed| removed.id == id) {
            return Ok(found);
        }
        before = Some(page.next.ok_or(PageError::NotFound)?);
    }
}

async fn list(resident: &Resident, before: Option<&str>) -> Result<ConversationPage, PageError> {
    let before = before.map(|before| format!("&before={}", url_encoded(before))).unwrap_or_default();
    Ok(resident.client.get(&format!("/api/v1/conversations?removed=true&limit=50{before}")).await?)
}

fn title(words: &Words, conversation: ConversationView) -> String {
    let named = conversation.title.filter(|title| !title.trim().is_empty());
    named.unwrap_or_else(|| words.say("chat-untitled"))
}
