//! Sessions: begun with a password, ended by whoever holds the token.

use super::extract::Document;
use super::guard::Caller;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::people::sign_in::SignInError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::problem::ErrorCode;
use engine_client::wire::sessions::{EndSession, NewSession, SessionBegun};

pub async fn begin(
    State(api): State<Api>,
    Caller(_): Caller,
    Document(asked): Document<NewSession>,
) -> Result<(StatusCode, Json<SessionBegun>), ApiError> {
    let begun = api.sign_in.with_password(api.tenant, &asked.name, &asked.password).await?;
    let person = begun.person.id;
    api.accounts.note(api.tenant, Some(person), "session.begun", &begun.session.id.to_string()).await?;
    Ok((StatusCode::CREATED, Json(views::session(&begun))))
}

pub async fn end(
    State(api): State<Api>,
    Caller(_): Caller,
    Document(asked): Document<EndSession>,
) -> Result<StatusCode, ApiError> {
    api.sign_in.end(&asked.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        let detail = error.to_string();
        match error {
            SignInError::Wrong => Self(ErrorCode::Unauthenticated, detail),
            SignInError::Suspended => Self(ErrorCode::Forbidden, detail),
            SignInError::TooMany(_) => Self(ErrorCode::TooManyRequests, detail),
            SignInError::Checking(cause) => {
                tracing::error!(error = %cause, "a password could not be checked");
                Self(ErrorCode::Internal, "something went wrong inside; the log says what".into())
            }
            SignInError::Store(error) => error.into(),
        }
    }
}
