//! Whoever is calling, as they handle themselves.

use super::extract::Document;
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::person::Person;
use crate::people::appearance::HUES;
use crate::people::sign_in::SignInError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::wire::appearance::AppearanceView;
use engine_client::wire::people::{ChangePassword, PersonView, ProfileChange};
use engine_client::wire::sessions::SessionBegun;

pub async fn get(Resident(person): Resident) -> Json<PersonView> {
    Json(views::person(&person))
}

pub async fn rename(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<ProfileChange>,
) -> Result<Json<PersonView>, ApiError> {
    let person = api.accounts.rename(person, &asked.name).await?;
    Ok(Json(views::person(&person)))
}

/// Every session ends, and a new one begins for whoever asked.
pub async fn change_password(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<ChangePassword>,
) -> Result<(StatusCode, Json<SessionBegun>), ApiError> {
    let person = proven(&api, &person, &asked.current).await?;
    api.accounts.set_password(person.tenant, Some(person.id), person.id, &asked.password).await?;
    let begun = api.sign_in.begin(person).await?;
    let (by, session) = (Some(begun.person.id), begun.session.id.to_string());
    api.accounts.note(begun.person.tenant, by, "session.begun", &session).await?;
    Ok((StatusCode::CREATED, Json(views::session(&begun))))
}

/// Somebody who is signed in and shows once more that it is really them.
pub async fn proven(api: &Api, person: &Person, password: &str) -> Result<Person, ApiError> {
    let proven = api.sign_in.proven(person.tenant, &person.name, password).await;
    proven.map_err(|error| match error {
        SignInError::Wrong => ApiError::invalid("current: this is not your password"),
        other => other.into(),
    })
}

pub async fn end_sessions(
    State(api): State<Api>,
    Resident(person): Resident,
) -> Result<StatusCode, ApiError> {
    api.accounts.end_sessions(person.tenant, person.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn appearance(
    State(api): State<Api>,
    Resident(person): Resident,
) -> Result<Json<AppearanceView>, ApiError> {
    let appearance = api.appearances.of(person.tenant, person.id).await?;
    Ok(Json(views::appearance(appearance)))
}

pub async fn choose_appearance(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(chosen): Document<AppearanceView>,
) -> Result<Json<AppearanceView>, ApiError> {
    if chosen.hue >= HUES {
        return Err(ApiError::invalid("hue: 0 to 359 degrees"));
    }
    api.appearances.choose(person.tenant, person.id, views::chosen_appearance(chosen)).await?;
    Ok(Json(chosen))
}
