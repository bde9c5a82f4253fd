//! Which model connection is tried first: one place up or down at a time.

use super::resident::Owner;
use super::shell::Nothing;
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use axum::extract::Path;
use axum::response::Redirect;
use engine_client::client::EngineClient;
use engine_client::wire::connections::{ConnectionOrder, ConnectionView};
use uuid::Uuid;

pub async fn earlier(
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    reorder(&owner.client, id, |at| at.checked_sub(1)).await
}

pub async fn later(
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    reorder(&owner.client, id, |at| at.checked_add(1)).await
}

/// One that is at the end already stays there.
async fn reorder(
    client: &EngineClient,
    id: Uuid,
    to: impl FnOnce(usize) -> Option<usize>,
) -> Result<Redirect, PageError> {
    let connections: Vec<ConnectionView> = client.get("/api/v1/connections").await?;
    let mut order: Vec<Uuid> = connections.iter().map(|connection| connection.id).collect();
    let at = order.iter().position(|&other| other == id).ok_or(PageError::NotFound)?;
    if let Some(to) = to(at).filter(|&to| to < order.len()) {
        order.swap(at, to);
        client.post::<Vec<ConnectionView>>("/api/v1/connections/order", &ConnectionOrder { order }).await?;
    }
    Ok(Redirect::to(&format!("/settings/models#c-{id}")))
}
