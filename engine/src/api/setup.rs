//! From an empty box to one with an owner, and the way back in.

use super::connections::wanted;
use super::extract::Document;
use super::guard::Caller;
use super::problem::ApiError;
use super::state::Api;
use crate::domain::authorize::Action;
use crate::domain::person::Role;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::problem::ErrorCode;
use engine_client::wire::setup::{Recover, RecoveryCode, SetupDone, SetupRequest, SetupState};

pub async fn get(State(api): State<Api>, Caller(_): Caller) -> Result<Json<SetupState>, ApiError> {
    let has_owner = api.accounts.has_owner(api.tenant).await?;
    let connections = api.connections.list(api.tenant).await?.len();
    Ok(Json(SetupState { has_owner, connections }))
}

pub async fn post(
    State(api): State<Api>,
    caller: Caller,
    Document(asked): Document<SetupRequest>,
) -> Result<(StatusCode, Json<SetupDone>), ApiError> {
    caller.may(Action::SetUp)?;
    let (owner, recovery_code) = api.accounts.set_up(api.tenant, &asked.owner, &asked.password).await?;
    if let Some(connection) = asked.connection {
        api.connections.add(api.tenant, wanted(connection)).await?;
    }
    Ok((StatusCode::CREATED, Json(SetupDone { person: owner.id.0, recovery_code })))
}

pub async fn new_recovery_code(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<RecoveryCode>, ApiError> {
    caller.may(Action::Recover)?;
    let people = api.store.people.list(api.tenant).await?;
    let owner = people.into_iter().find(|person| person.role == Role::Owner);
    let owner = owner.ok_or_else(|| ApiError::missing("owner: run `whisperengine setup` first"))?;
    let recovery_code = api.accounts.recovery.renew(api.tenant, owner.id).await?;
    api.accounts.note(api.tenant, None, "owner.recovery_code_made", &owner.id.to_string()).await?;
    Ok(Json(RecoveryCode { person: owner.id.0, owner: owner.name, recovery_code }))
}

/// Open to everybody: the code is the proof. It has 125 random bits, so it cannot be guessed.
pub async fn recover(
    State(api): State<Api>,
    Caller(_): Caller,
    Document(asked): Document<Recover>,
) -> Result<StatusCode, ApiError> {
    let recovered =
        api.accounts.recover(api.tenant, &asked.owner, &asked.recovery_code, &asked.password).await;
    match recovered {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(match ApiError::from(error) {
            ApiError(ErrorCode::NotFound, _) => {
                ApiError(ErrorCode::Forbidden, "the code is wrong or was used".into())
            }
            other => other,
        }),
    }
}
