//! Errors on their way out. The caller gets a code and a sentence; the cause goes to the log once.

use crate::conversation::incoming::Refusal;
use crate::domain::authorize::Denied;
use crate::models::desk::ConnectionError;
use crate::people::accounts::AccountError;
use crate::ports::attachments::UploadError;
use crate::ports::error::StoreError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine_client::problem::{ErrorCode, PROBLEM_JSON, Problem};

#[derive(Debug)]
pub struct ApiError(pub ErrorCode, pub String);

impl ApiError {
    pub fn missing(what: &str) -> Self {
        Self(ErrorCode::NotFound, format!("no such {what}"))
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self(ErrorCode::Invalid, detail.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        response(&Problem::new(self.0, self.1))
    }
}

pub fn response(problem: &Problem) -> Response {
    let body = serde_json::to_vec(problem).expect("a problem is plain data");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(problem.status).expect("codes name valid statuses");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let (code, detail) = match &error {
            StoreError::Conflict { what } => (ErrorCode::Taken, format!("{what} is taken")),
            StoreError::OverQuota { what } => (ErrorCode::OverQuota, format!("{what} is over its limit")),
            StoreError::DiskFull => (
                ErrorCode::DiskFull,
                "the disk is full; nothing was stored. Free some space and try again".into(),
            ),
            StoreError::Fenced { .. }
            | StoreError::Unavailable { .. }
            | StoreError::ReadOnly { .. }
            | StoreError::Refused { .. }
            | StoreError::TooNew { .. }
            | StoreError::TooOld { .. } => (
                ErrorCode::StoreUnavailable,
                "the database cannot be used right now; nothing was stored".into(),
            ),
            StoreError::Corrupt { .. } | StoreError::Internal { .. } => {
                (ErrorCode::Internal, "something went wrong inside; the log says what".into())
            }
        };
        if !matches!(code, ErrorCode::Taken | ErrorCode::OverQuota) {
            tracing::error!(error = %error, problem.code = code.as_str(), "the store failed: {error}");
        }
        Self(code, detail)
    }
}

impl From<Denied> for ApiError {
    fn from(_: Denied) -> Self {
        Self(ErrorCode::Forbidden, "you may not do this".into())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid { field, reason } => Self::invalid(format!("{field}: {reason}")),
            Refusal::Missing { what } => Self::missing(what),
            Refusal::Busy(turn) => Self(ErrorCode::TurnInProgress, turn.to_string()),
            Refusal::Different => {
                Self(ErrorCode::TurnDiffers, "this turn's id was used before with other words".into())
            }
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::Invalid { .. } | AccountError::LastOwner => Self::invalid(detail),
            AccountError::Missing => Self::missing("person"),
            AccountError::AlreadySetUp => Self(ErrorCode::AlreadySetUp, detail),
            AccountError::TooMany(_) => Self(ErrorCode::TooManyRequests, detail),
            AccountError::WrongCode => Self(ErrorCode::Forbidden, detail),
            AccountError::Hashing(cause) => {
                tracing::error!(error = %cause, "a password could not be hashed");
                Self(ErrorCode::Internal, "something went wrong inside; the log says what".into())
            }
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<ConnectionError> for ApiError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Invalid { field, reason } => Self::invalid(format!("{field}: {reason}")),
            ConnectionError::Store(error) => error.into(),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Cut(reason) => Self::invalid(format!("the upload was cut: {reason}")),
            UploadError::Store(error) => error.into(),
        }
    }
}
