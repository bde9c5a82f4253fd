//! One message, by itself.

use super::conversations::find;
use super::extract::Ids;
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::ids::MessageId;
use axum::Json;
use axum::extract::State;
use engine_client::wire::conversations::MessageView;

pub async fn get(
    State(api): State<Api>,
    Resident(person): Resident,
    Ids(conversation, message): Ids,
) -> Result<Json<MessageView>, ApiError> {
    let conversation = find(&api, &person, conversation).await?;
    let message = api.store.messages.find(person.tenant, conversation.id, MessageId(message)).await?;
    Ok(Json(views::message(message.ok_or_else(|| ApiError::missing("message"))?)))
}
