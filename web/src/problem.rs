//! Problem documents as answers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use engine_client::client::ClientError;
use engine_client::problem::{ErrorCode, PROBLEM_JSON, Problem};
use http::{HeaderValue, StatusCode, header};

/// A request that goes no further.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl Refusal {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<ClientError> for Refusal {
    /// The visitor gets a fixed sentence where the engine did not give one of its own.
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(problem) => Self(problem),
            ClientError::TimedOut(_) => {
                Self::new(ErrorCode::DeadlineExceeded, "the engine did not answer in time; try again")
            }
            ClientError::Transport(_) | ClientError::Interrupted(_) | ClientError::Nonsense(_) => {
                tracing::warn!(error = %error, "the engine could not be asked");
                Self::new(ErrorCode::StoreUnavailable, "the engine cannot be reached; try again in a moment")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).expect("a problem is plain fields");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.0.code == ErrorCode::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
