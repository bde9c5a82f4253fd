//! What can be asked for by name.

use super::extract::Asked;
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::models::offered::{named, offered};
use axum::Json;
use axum::extract::State;
use engine_client::wire::models::ModelView;
use engine_client::wire::queries::ModelsQuery;

/// For everybody who lives here; what is behind a connection is the owner's to see.
pub async fn list(
    State(api): State<Api>,
    Resident(person): Resident,
    Asked(asked): Asked<ModelsQuery>,
) -> Result<Json<Vec<ModelView>>, ApiError> {
    let (companions, connections) = futures::try_join!(
        api.store.companions.list(person.tenant),
        api.store.connections.list(person.tenant),
    )?;
    let offered = offered(&companions, &connections);
    Ok(Json(match asked.name {
        None => offered.iter().map(views::model).collect(),
        Some(name) => named(&offered, &name).map(views::model).into_iter().collect(),
    }))
}
