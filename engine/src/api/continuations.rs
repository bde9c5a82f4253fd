//! Where a client's new words belong, for clients that keep their own history.

use super::extract::Document;
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use crate::conversation::history::Told;
use crate::domain::ids::CompanionId;
use crate::domain::message::Author;
use axum::Json;
use axum::extract::State;
use engine_client::wire::continuations::{ContinuationView, History};
use engine_client::wire::conversations::AuthorView;

/// Finds the conversation or opens one. The words themselves are not stored by this.
pub async fn find(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<History>,
) -> Result<Json<ContinuationView>, ApiError> {
    let told: Vec<Told> = asked
        .messages
        .into_iter()
        .map(|message| Told {
            author: match message.author {
                AuthorView::Person => Author::Person,
                AuthorView::Companion => Author::Companion,
            },
            text: message.text,
        })
        .collect();
    let place = api.continuation.find(&person, CompanionId(asked.companion), &told).await?;
    Ok(Json(ContinuationView {
        conversation: place.conversation.0,
        parent: place.parent.map(|parent| parent.0),
        text: place.text,
        history: place.history,
    }))
}
