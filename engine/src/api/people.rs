//! People, as the owner handles them.

use super::extract::{Document, Id};
use super::guard::Caller;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::authorize::Action;
use crate::domain::ids::PersonId;
use crate::domain::person::PersonState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::wire::people::{
    Invite, Invited, PersonStateView, PersonView, SetPassword, SetPersonState,
};

pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<PersonView>>, ApiError> {
    caller.may(Action::ManagePeople)?;
    let people = api.store.people.list(caller.0.tenant).await?;
    Ok(Json(people.iter().map(views::person).collect()))
}

pub async fn invite(
    State(api): State<Api>,
    caller: Caller,
    Document(asked): Document<Invite>,
) -> Result<(StatusCode, Json<Invited>), ApiError> {
    caller.may(Action::ManagePeople)?;
    let (person, code) = api.accounts.invite(caller.0.tenant, caller.person(), &asked.name).await?;
    Ok((StatusCode::CREATED, Json(Invited { person: views::person(&person), code })))
}

pub async fn new_code(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<(StatusCode, Json<Invited>), ApiError> {
    caller.may(Action::ManagePeople)?;
    let (person, code) = api.accounts.new_code(caller.0.tenant, caller.person(), PersonId(id)).await?;
    Ok((StatusCode::CREATED, Json(Invited { person: views::person(&person), code })))
}

pub async fn set_password(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Document(asked): Document<SetPassword>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ManagePeople)?;
    api.accounts.set_password(caller.0.tenant, caller.person(), PersonId(id), &asked.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn set_state(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Document(asked): Document<SetPersonState>,
) -> Result<Json<PersonView>, ApiError> {
    caller.may(Action::ManagePeople)?;
    let state = match asked.state {
        PersonStateView::Active => PersonState::Active,
        PersonStateView::Suspended => PersonState::Suspended,
        PersonStateView::Invited => return Err(ApiError::invalid("state: `active` or `suspended`")),
    };
    let person = api.accounts.set_state(caller.0.tenant, caller.person(), PersonId(id), state).await?;
    Ok(Json(views::person(&person)))
}
