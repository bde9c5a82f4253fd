//! Who lives here.

use super::extract::Id;
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::ids::CompanionId;
use axum::Json;
use axum::extract::State;
use engine_client::wire::companions::CompanionView;

pub async fn list(
    State(api): State<Api>,
    Resident(person): Resident,
) -> Result<Json<Vec<CompanionView>>, ApiError> {
    let companions = api.store.companions.list(person.tenant).await?;
    Ok(Json(companions.iter().map(views::companion).collect()))
}

pub async fn get(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<Json<CompanionView>, ApiError> {
    let companion = api.store.companions.find(person.tenant, CompanionId(id)).await?;
    Ok(Json(views::companion(&companion.ok_or_else(|| ApiError::missing("companion"))?)))
}
