//! API keys, and the proof that one is good.

use super::extract::{Document, Id};
use super::guard::{Caller, Resident};
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::ids::KeyId;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::principal::{Credential, Principal};
use engine_client::problem::ErrorCode;
use engine_client::wire::people::{KeyCreated, KeyView, NewKey, Proof};

pub async fn list(
    State(api): State<Api>,
    Resident(person): Resident,
) -> Result<Json<Vec<KeyView>>, ApiError> {
    let keys = api.store.keys.list(person.tenant, person.id).await?;
    Ok(Json(keys.iter().map(views::key).collect()))
}

pub async fn create(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<NewKey>,
) -> Result<(StatusCode, Json<KeyCreated>), ApiError> {
    let name = asked.name.trim();
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(ApiError::invalid("name: 1 to 64 characters, none of them a control character"));
    }
    let (key, secret) = api.keys.create(&person, name).await?;
    api.accounts.note(person.tenant, Some(person.id), "key.created", &key.id.to_string()).await?;
    Ok((StatusCode::CREATED, Json(KeyCreated { id: key.id.0, name: key.name, key: secret })))
}

pub async fn revoke(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    if !api.keys.revoke(person.tenant, &person, KeyId(id)).await? {
        return Err(ApiError::missing("key"));
    }
    api.accounts.note(person.tenant, Some(person.id), "key.revoked", &id.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A front door asks whose secret this is.
pub async fn prove(
    State(api): State<Api>,
    Caller(_): Caller,
    Document(proof): Document<Proof>,
) -> Result<Json<Principal>, ApiError> {
    let proven = match proof {
        Proof::ApiKey(secret) => {
            api.keys.prove(&secret).await?.map(|(person, key)| (person, Credential::Key { id: key.0 }))
        }
        Proof::Session(token) => api.sign_in.prove(&token).await?.map(|person| (person, Credential::Session)),
    };
    let unknown = || ApiError(ErrorCode::Unauthenticated, "this secret is not known here".into());
    let (person, via) = proven.ok_or_else(unknown)?;
    Ok(Json(Principal::Person { tenant: person.tenant.0, person: person.id.0, via }))
}
