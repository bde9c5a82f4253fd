//! `/v1/audio/live`: one exchange in which sound goes up while words come down.
//!
//! The answer begins at once. The sound is read as far as it is heard, and ends with the request's body; whoever drops the
//! answer stops it.

use super::guard::Who;
use super::problem::VoiceError;
use super::router::Voice;
use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use std::convert::Infallible;
use voice_client::live::wire::{EVENTS, LiveEvent, RATES, START, Start};

/// A sentence or two.
const LONGEST_PROMPT: usize = 4096;

pub async fn hear(
    State(voice): State<Voice>,
    Who(who): Who,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, VoiceError> {
    let start = headers.get(START).and_then(|value| Start::from_header(value.to_str().ok()?));
    let start = start.ok_or_else(|| VoiceError::invalid(format!("{START}: what the sound is")))?;
    if !RATES.contains(&start.rate) {
        return Err(VoiceError::invalid(format!("rate: from {} to {} a second", RATES.start(), RATES.end())));
    }
    if start.prompt.len().max(start.said.len()) > LONGEST_PROMPT {
        return Err(VoiceError::invalid(format!("prompt: at most {LONGEST_PROMPT} bytes")));
    }
    let sound: BodyDataStream = body.into_data_stream();
    let session = voice.ears.live(&who, start, sound).await?;
    let lines = stream::unfold(session, async |mut session| {
        let event = session.next().await?.unwrap_or_else(|error| {
            let VoiceError(problem) = error.into();
            LiveEvent::Error { problem }
        });
        let mut line = serde_json::to_vec(&event).expect("an event is plain data");
        line.push(b'\n');
        Some((Ok::<_, Infallible>(line), session))
    });
    Ok(([(header::CONTENT_TYPE, EVENTS)], Body::from_stream(lines)).into_response())
}
