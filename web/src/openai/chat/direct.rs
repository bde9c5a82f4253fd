//! A model asked without a companion, or a companion that is to remember nothing: passed through.

use super::frames::{self, Frames, Summary};
use super::request::{ChatRequest, Role};
use crate::openai::errors::Complaint;
use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine_client::client::{ClientError, EngineClient};
use engine_client::wire::completions::{
    Completion, CompletionEnd, CompletionEvent, FinishView, Line, SpeakerView,
};
use engine_client::wire::models::ModelTarget;
use futures::{Stream, StreamExt, stream};
use http::StatusCode;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

/// Proxies cut what is silent for long.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

type Events = Pin<Box<dyn Stream<Item = Result<CompletionEvent, ClientError>> + Send>>;

enum Step {
    Words(String),
    Ended(Summary),
    Failed(Complaint),
}

/// Dropping the answer cancels the call, here and upstream.
pub async fn answer(
    engine: &EngineClient,
    target: ModelTarget,
    asked: &ChatRequest,
    frames: Frames,
) -> Result<Response, Complaint> {
    let line = |spoken: &super::request::Spoken| Line {
        speaker: match spoken.role {
            Role::System => SpeakerView::System,
            Role::Person => SpeakerView::Person,
            Role::Companion => SpeakerView::Companion,
        },
        text: spoken.text.clone(),
    };
    let completion = Completion {
        target,
        messages: asked.messages.iter().map(line).collect(),
        max_tokens: asked.max_tokens,
    };
    let events: Events = Box::pin(engine.complete(&completion).await?);
    if asked.stream { streamed(events, frames).await } else { whole(events, &frames).await }
}

async fn whole(mut events: Events, frames: &Frames) -> Result<Response, Complaint> {
    let mut text = String::new();
    loop {
        match step(events.next().await) {
            Step::Words(words) => text.push_str(&words),
            Step::Ended(summary) => return Ok(Json(frames.whole(&text, &summary)).into_response()),
            Step::Failed(complaint) => return Err(complaint),
        }
    }
}

/// Begins with the first words, so that what goes wrong before them has a status of its own.
async fn streamed(mut events: Events, frames: Frames) -> Result<Response, Complaint> {
    let first = match tokio::time::timeout(super::answer::FIRST_WORDS, events.next()).await {
        Ok(event) => match step(event) {
            Step::Failed(complaint) => return Err(complaint),
            step => tell(&frames, step).0,
        },
        Err(_) => Vec::new(),
    };
    let ended = first.len() > 1;
    let begun: Vec<_> = [frames.opening()].into_iter().chain(first).map(Ok::<Bytes, Infallible>).collect();
    let rest = stream::unfold((!ended).then_some((events, frames)), |state| async {
        let (mut events, frames) = state?;
        match tokio::time::timeout(ALIVE_EVERY, events.next()).await {
            Err(_) => Some((vec![frames::alive()], Some((events, frames)))),
            Ok(event) => {
                let (told, over) = tell(&frames, step(event));
                Some((told, (!over).then_some((events, frames))))
            }
        }
    });
    let rest = rest.flat_map(|told| stream::iter(told.into_iter().map(Ok)));
    Ok(frames::stream_of(Body::from_stream(stream::iter(begun).chain(rest))))
}

/// The frames for a step, and whether they are the last.
fn tell(frames: &Frames, step: Step) -> (Vec<Bytes>, bool) {
    match step {
        Step::Words(text) => (vec![frames.words(&text)], false),
        Step::Ended(summary) => (frames.closing(&summary), true),
        Step::Failed(complaint) => (vec![frames::broken(&complaint)], true),
    }
}

fn step(event: Option<Result<CompletionEvent, ClientError>>) -> Step {
    match event {
        Some(Ok(CompletionEvent::Text(text))) => Step::Words(text),
        Some(Ok(CompletionEvent::Done(end))) => Step::Ended(summary(&end)),
        Some(Ok(CompletionEvent::Error(problem))) => Step::Failed(Complaint::from(&problem)),
        Some(Err(_)) | None => {
            let lost = "the engine broke off in the middle of the answer";
            Step::Failed(Complaint::new(StatusCode::BAD_GATEWAY, "interrupted", lost))
        }
    }
}

fn summary(end: &CompletionEnd) -> Summary {
    Summary {
        prompt_tokens: end.prompt_tokens,
        completion_tokens: end.completion_tokens,
        finish_reason: match end.finish {
            // No tools were offered, so a call is an odd way to stop.
            FinishView::Stop | FinishView::ToolCalls => "stop",
            FinishView::Length => "length",
            FinishView::ContentFilter => "content_filter",
        },
    }
}
