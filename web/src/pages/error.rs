//! What a visitor sees when a page cannot be had: what happened, what to do, and a way back.

use super::frame::{Frame, html};
use crate::words::Words;
use askama::Template;
use axum::response::{IntoResponse, Response};
use engine_client::client::ClientError;
use engine_client::problem::{ErrorCode, Problem};
use http::{HeaderValue, StatusCode, header};

#[derive(Debug)]
pub enum PageError {
    NotFound,
    Forbidden,
    /// The form came from elsewhere, or from before a sign-in.
    Stale,
    /// Fields are missing or are no text.
    Incomplete,
    /// The engine said it in a sentence for people.
    Told(Problem),
    /// Said in the log already.
    Internal,
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Stale => StatusCode::FORBIDDEN,
            Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Told(problem) => {
                StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        match problem.code {
            ErrorCode::NotFound => Self::NotFound,
            ErrorCode::Forbidden => Self::Forbidden,
            ErrorCode::Internal => Self::Internal,
            _ => Self::Told(problem),
        }
    }
}

impl From<ClientError> for PageError {
    fn from(error: ClientError) -> Self {
        crate::problem::Refusal::from(error).0.into()
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    title: String,
    sentence: String,
    /// The box runs and cannot tell who asks.
    is_not_up: bool,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let words = Words::english();
        let is_not_up = matches!(&self, Self::Told(problem) if problem.code == ErrorCode::StoreUnavailable);
        let name = match &self {
            Self::NotFound => "error-not-found",
            Self::Forbidden => "error-forbidden",
            Self::Stale => "error-stale",
            Self::Incomplete => "error-incomplete",
            Self::Told(_) if is_not_up => "error-not-up",
            Self::Told(_) => "error-told",
            Self::Internal => "error-internal",
        };
        let sentence = match &self {
            Self::Told(problem) => words.say_with(name, "detail", &problem.detail),
            _ => words.say(name),
        };
        let title = words.say("error-title");
        let page = ErrorPage { frame: Frame::new(words, &title, ""), title, sentence, is_not_up };
        let mut response = html(&page);
        *response.status_mut() = self.status();
        if let Self::Told(Problem { retry_after: Some(seconds), .. }) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
