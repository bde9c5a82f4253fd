//! A model or a companion asked directly: the words as they come, and nothing of it kept.

use super::extract::Document;
use super::guard::Resident;
use super::problem::{ApiError, response};
use super::state::Api;
use crate::domain::ids::{CompanionId, ConnectionId};
use crate::models::direct::{DirectCall, DirectError, Piece};
use crate::ports::models::{Finish, ModelError, PromptMessage, Speaker};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::completions::{Completion, CompletionEnd, CompletionEvent, FinishView, SpeakerView};
use engine_client::wire::models::ModelTarget;
use futures::stream;
use std::convert::Infallible;
use std::time::Duration;

/// Proxies cut what is silent for long.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// For everybody who lives here: the owner connected it for them.
pub async fn ask(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<Completion>,
) -> Result<Response, ApiError> {
    if asked.messages.is_empty() {
        return Err(ApiError::invalid("messages: at least one"));
    }
    if asked.max_tokens.is_some_and(|most| most < 1) {
        return Err(ApiError::invalid("max_tokens: at least 1"));
    }
    let messages = asked.messages.into_iter().map(|line| {
        let speaker = match line.speaker {
            SpeakerView::System => Speaker::System,
            SpeakerView::Person => Speaker::Person,
            SpeakerView::Companion => Speaker::Companion,
        };
        PromptMessage::words(speaker, line.text)
    });
    let (messages, most): (Vec<_>, _) = (messages.collect(), asked.max_tokens);
    let call = match asked.target {
        ModelTarget::Connection(id) => api.direct.ask(&person, ConnectionId(id), messages, most).await,
        ModelTarget::Companion(id) => {
            if !messages
                .last()
                .is_some_and(|last| last.speaker == Speaker::Person && !last.text.trim().is_empty())
            {
                return Err(ApiError::invalid("messages: the person has the last word"));
            }
            api.aside.ask(&person, CompanionId(id), &messages, most).await
        }
    };
    let call = match call {
        Ok(call) => call,
        Err(error) => return failed(error),
    };
    let frames = stream::unfold(Some((api, call)), |state| async {
        let (api, mut call) = state?;
        let (frame, last) = next_frame(&api, &mut call).await?;
        Some((Ok::<_, Infallible>(frame), (!last).then_some((api, call))))
    });
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    let fresh = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([kind, fresh], Body::from_stream(frames)).into_response())
}

/// The next frame, and whether it is the last. `None` ends the stream without a last word.
async fn next_frame(api: &Api, call: &mut DirectCall) -> Option<(Bytes, bool)> {
    let piece = tokio::select! {
        piece = call.next() => piece,
        () = tokio::time::sleep(ALIVE_EVERY) => return Some((Bytes::from_static(b": alive\n\n"), false)),
        () = api.leaving.cancelled() => return None,
    };
    let (event, last) = match piece {
        Ok(Piece::Words(text)) => (CompletionEvent::Text(text), false),
        Ok(Piece::Ended { model, tokens, finish }) => {
            let end = CompletionEnd {
                model,
                prompt_tokens: tokens.prompt,
                completion_tokens: tokens.completion,
                finish: match finish {
                    Finish::Stop => FinishView::Stop,
                    Finish::Length => FinishView::Length,
                    Finish::ToolCalls => FinishView::ToolCalls,
                    Finish::ContentFilter => FinishView::ContentFilter,
                },
            };
            (CompletionEvent::Done(end), true)
        }
        Err(error) => (CompletionEvent::Error(refused(&error)), true),
    };
    Some((Bytes::from(event.to_frame()), last))
}

/// What kept the model from being asked.
pub(super) fn failed(error: DirectError) -> Result<Response, ApiError> {
    match error {
        DirectError::Missing => Err(ApiError::missing("companion or connection")),
        DirectError::Store(error) => Err(error.into()),
        DirectError::Model(error) => Ok(response(&refused(&error))),
    }
}

/// What the caller can do about it decides the code.
fn refused(error: &ModelError) -> Problem {
    let code = match error {
        ModelError::RateLimited { .. } => ErrorCode::TooManyRequests,
        ModelError::TooLong | ModelError::Rejected { .. } | ModelError::PicturesRejected { .. } => {
            ErrorCode::Invalid
        }
        _ => ErrorCode::ModelFailed,
    };
    let retry_after = match error {
        ModelError::RateLimited { retry_after } => retry_after.map(|span| span.as_secs().max(1)),
        _ => None,
    };
    Problem { retry_after, ..Problem::new(code, error.to_string()) }
}
