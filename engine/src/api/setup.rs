//! From an empty box to one with an owner, and the way back in.

use super::connections::wanted;
use super::extract::Document;
use super::guard::Caller;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::authorize::Action;
use crate::domain::person::Role;
use crate::people::accounts::AccountError;
use crate::people::steps::Step;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::problem::ErrorCode;
use engine_client::wire::setup::{
    Recover, RecoveryCode, SetupDone, SetupRequest, SetupState, SetupStep, StepDone,
};

pub async fn get(State(api): State<Api>, Caller(_): Caller) -> Result<Json<SetupState>, ApiError> {
    let has_owner = api.accounts.has_owner(api.tenant).await?;
    let connections = api.connections.list(api.tenant).await?.len();
    let next = match api.steps.next(api.tenant).await? {
        _ if !has_owner => SetupStep::Owner,
        // It was connected elsewhere in the meantime.
        Step::Model if connections > 0 => SetupStep::Done,
        step => views::setup_step(step),
    };
    Ok(Json(SetupState { has_owner, connections, next }))
}

pub async fn post(
    State(api): State<Api>,
    caller: Caller,
    Document(asked): Document<SetupRequest>,
) -> Result<(StatusCode, Json<SetupDone>), ApiError> {
    caller.may(Action::SetUp)?;
    if api.accounts.has_owner(api.tenant).await? {
        return Err(AccountError::AlreadySetUp.into());
    }
    // Before the owner is there, since afterwards this is not asked again.
    api.steps.begin_with(api.tenant, if asked.guided { Step::Recovery } else { Step::Done }).await?;
    let (owner, recovery_code) = api.accounts.set_up(api.tenant, &asked.owner, &asked.password).await?;
    if let Some(connection) = asked.connection {
        api.connections.add(api.tenant, wanted(connection)).await?;
    }
    Ok((StatusCode::CREATED, Json(SetupDone { person: owner.id.0, recovery_code })))
}

pub async fn step_done(
    State(api): State<Api>,
    caller: Caller,
    Document(asked): Document<StepDone>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ManageConnections)?;
    let step = match asked.step {
        SetupStep::Owner => return Err(ApiError::invalid("step: the owner is made by setting up")),
        SetupStep::Recovery => Step::Recovery,
        SetupStep::Machine => Step::Machine,
        SetupStep::Model => Step::Model,
        SetupStep::Done => Step::Done,
    };
    api.steps.done(caller.0.tenant, step).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For an owner who lost sight of the code before keeping it; afterwards only the terminal makes a new one.
pub async fn recovery_code_again(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<RecoveryCode>, ApiError> {
    caller.may(Action::ManageConnections)?;
    if api.steps.next(caller.0.tenant).await? != Step::Recovery {
        return Err(ApiError(ErrorCode::Forbidden, "the code was kept already".into()));
    }
    renewed(&api).await
}

pub async fn new_recovery_code(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<RecoveryCode>, ApiError> {
    caller.may(Action::Recover)?;
    renewed(&api).await
}

async fn renewed(api: &Api) -> Result<Json<RecoveryCode>, ApiError> {
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
