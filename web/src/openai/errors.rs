//! Refusals in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`.
//!
//! In go our own problems, wherever below `/v1` they come from: the guard, the edge, the engine. Clients
//! of OpenAI decide by status and `code`, so the codes they know stand for ours where there are such.

use crate::problem::Refusal;
use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_client::client::ClientError;
use engine_client::problem::{ErrorCode, PROBLEM_JSON, Problem};
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use serde::Serialize;

/// A request that goes no further, or an answer that broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub status: StatusCode,
    pub error: ErrorObject,
    /// Seconds after which asking again makes sense.
    pub retry_after: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorObject {
    pub message: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The field of the request that it is about.
    pub param: Option<&'static str>,
    pub code: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    error: &'a ErrorObject,
}

impl Complaint {
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let error = ErrorObject {
            message: message.into(),
            kind: kind(status),
            param: None,
            code: Some(code.to_owned()),
        };
        Self { status, error, retry_after: None }
    }

    /// A field that is missing, malformed, or asks for what is not there.
    pub fn field(param: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_value", message).about(param)
    }

    pub fn unknown_model(name: &str) -> Self {
        let message = format!("there is no model `{name}` here; GET /v1/models lists what there is");
        Self::new(StatusCode::NOT_FOUND, "model_not_found", message).about("model")
    }

    #[must_use]
    pub fn about(mut self, param: &'static str) -> Self {
        self.error.param = Some(param);
        self
    }

    /// As the body of an answer, or as the last frame of one that was under way.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Document { error: &self.error }).expect("an error is plain fields")
    }
}

impl From<&Problem> for Complaint {
    fn from(problem: &Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = match problem.code {
            ErrorCode::Unauthenticated => "invalid_api_key",
            ErrorCode::TooManyRequests => "rate_limit_exceeded",
            code => code.as_str(),
        };
        Self { retry_after: problem.retry_after, ..Self::new(status, code, problem.detail.clone()) }
    }
}

impl From<Refusal> for Complaint {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal.0)
    }
}

impl From<ClientError> for Complaint {
    fn from(error: ClientError) -> Self {
        Refusal::from(error).into()
    }
}

impl IntoResponse for Complaint {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Document { error: &self.error })).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request_error",
    }
}

/// Around the whole listener: below `/v1`, a problem document leaves as OpenAI's error object. Its other
/// headers stay, `Retry-After` among them.
pub async fn speak(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let ours = path == "/v1" || path.starts_with("/v1/");
    let response = next.run(request).await;
    let problem = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
    if !(ours && problem) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Every one of them is made in one piece, by us.
    let complaint =
        match body.collect().await.ok().map(|body| serde_json::from_slice::<Problem>(&body.to_bytes())) {
            Some(Ok(problem)) => Complaint::from(&problem),
            _ => Complaint::new(parts.status, ErrorCode::Internal.as_str(), "something went wrong inside"),
        };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, complaint.to_json().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_becomes_what_clients_of_openai_decide_by() {
        for (code, status, kind, expected) in [
            (ErrorCode::Unauthenticated, 401, "authentication_error", "invalid_api_key"),
            (ErrorCode::Forbidden, 403, "permission_error", "forbidden"),
            (ErrorCode::TooLarge, 413, "invalid_request_error", "too_large"),
            (ErrorCode::HostNotAllowed, 421, "invalid_request_error", "host_not_allowed"),
            (ErrorCode::TooManyRequests, 429, "rate_limit_error", "rate_limit_exceeded"),
            (ErrorCode::StoreUnavailable, 503, "server_error", "store_unavailable"),
        ] {
            let complaint = Complaint::from(&Problem::new(code, "what happened"));
            assert_eq!(complaint.status, status);
            assert_eq!((complaint.error.kind, complaint.error.code.as_deref()), (kind, Some(expected)));
        }
    }

    #[test]
    fn all_four_fields_are_there_even_where_one_is_nothing() {
        let complaint = Complaint::new(StatusCode::NOT_FOUND, "not_found", "say \"what\"");
        assert_eq!(
            complaint.to_json(),
            r#"{"error":{"message":"say \"what\"","type":"invalid_request_error","param":null,"code":"not_found"}}"#
        );
    }
}
