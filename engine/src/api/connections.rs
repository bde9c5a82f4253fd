//! Model connections, as the owner handles them.

use super::extract::{Document, Id};
use super::guard::Caller;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::authorize::Action;
use crate::domain::ids::ConnectionId;
use crate::models::desk::{Change, Wanted};
use crate::models::scan::{Place, USUAL_PLACES};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::problem::ErrorCode;
use engine_client::wire::connections::{
    ConnectionChange, ConnectionOrder, ConnectionTest, ConnectionView, FoundServer, NewConnection, Scan,
};

pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<ConnectionView>>, ApiError> {
    caller.may(Action::ManageConnections)?;
    let connections = api.connections.list(caller.0.tenant).await?;
    Ok(Json(connections.iter().map(views::connection).collect()))
}

pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    Document(asked): Document<NewConnection>,
) -> Result<(StatusCode, Json<ConnectionView>), ApiError> {
    caller.may(Action::ManageConnections)?;
    let connection = api.connections.add(caller.0.tenant, wanted(asked)).await?;
    let object = connection.id.to_string();
    api.accounts.note(caller.0.tenant, caller.person(), "connection.added", &object).await?;
    Ok((StatusCode::CREATED, Json(views::connection(&connection))))
}

pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Document(asked): Document<ConnectionChange>,
) -> Result<Json<ConnectionView>, ApiError> {
    caller.may(Action::ManageConnections)?;
    let change = Change {
        name: asked.name,
        url: asked.url,
        model: asked.model,
        key: asked.key,
        context_tokens: asked.context_tokens,
        continues_text: asked.continues_text,
    };
    let changed = api.connections.change(caller.0.tenant, ConnectionId(id), change).await?;
    let connection = changed.ok_or_else(|| ApiError::missing("connection"))?;
    api.accounts.note(caller.0.tenant, caller.person(), "connection.changed", &id.to_string()).await?;
    Ok(Json(views::connection(&connection)))
}

/// Says which is tried first, and which after it.
pub async fn order(
    State(api): State<Api>,
    caller: Caller,
    Document(asked): Document<ConnectionOrder>,
) -> Result<Json<Vec<ConnectionView>>, ApiError> {
    caller.may(Action::ManageConnections)?;
    let order: Vec<ConnectionId> = asked.order.into_iter().map(ConnectionId).collect();
    let (connections, moved) = api.connections.order(caller.0.tenant, &order).await?;
    for id in moved {
        api.accounts.note(caller.0.tenant, caller.person(), "connection.moved", &id.to_string()).await?;
    }
    Ok(Json(connections.iter().map(views::connection).collect()))
}

pub async fn remove(State(api): State<Api>, caller: Caller, Id(id): Id) -> Result<StatusCode, ApiError> {
    caller.may(Action::ManageConnections)?;
    if !api.connections.remove(caller.0.tenant, ConnectionId(id)).await? {
        return Err(ApiError::missing("connection"));
    }
    api.accounts.note(caller.0.tenant, caller.person(), "connection.removed", &id.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A real round trip: what the server says it offers.
pub async fn test(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<ConnectionTest>, ApiError> {
    caller.may(Action::ManageConnections)?;
    let (tenant, id) = (caller.0.tenant, ConnectionId(id));
    let chosen =
        api.store.connections.find(tenant, id).await?.ok_or_else(|| ApiError::missing("connection"))?;
    let asked = api.connections.test(tenant, id).await?.ok_or_else(|| ApiError::missing("connection"))?;
    let models = asked.map_err(|error| ApiError(ErrorCode::ModelFailed, error.to_string()))?;
    let knows_model = models.contains(&chosen.model);
    Ok(Json(ConnectionTest { models, knows_model }))
}

/// What answers at the usual places of this machine.
pub async fn scan(
    State(api): State<Api>,
    caller: Caller,
    Document(asked): Document<Scan>,
) -> Result<Json<Vec<FoundServer>>, ApiError> {
    caller.may(Action::ManageConnections)?;
    let strange = |place: &Place| !asked.own_ports.contains(&place.port);
    let places: Vec<Place> = USUAL_PLACES.into_iter().filter(strange).collect();
    let found = api.scan.look(&places).await;
    Ok(Json(found.into_iter().map(views::found_server).collect()))
}

pub fn wanted(asked: NewConnection) -> Wanted {
    Wanted {
        name: asked.name,
        url: asked.url,
        model: asked.model,
        key: asked.key,
        context_tokens: asked.context_tokens,
        continues_text: asked.continues_text,
    }
}
