//! `/v1/audio/speech`: text comes in, sound goes out as it is made. `/v1/audio/voices`: who can speak.

use super::guard::Who;
use super::problem::VoiceError;
use super::router::Voice;
use crate::mouth::choice::{Asked as Sought, choose};
use crate::mouth::encoding::{Encoder, Shape, Unencoded};
use crate::mouth::speaking::{Speech, Wish};
use crate::mouth::synthesizer::{Manner, Sound, SpeakError};
use crate::mouth::{espeak, piper};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine_client::problem::ErrorCode;
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use tokio_util::sync::CancellationToken;
use voice_client::speech::VoicesView;

/// What can be named as a model: who speaks has it as its engine.
const ENGINES: [&str; 2] = [piper::ENGINE, espeak::ENGINE];
/// Names that clients of OpenAI's send without having been told: whatever there is.
const ANY_MODEL: [&str; 4] = ["", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"];
const ANY_VOICE: [&str; 14] = [
    "", "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
    "shimmer", "verse",
];
/// A long chapter, and what JSON may make of it.
pub const LARGEST: usize = 2 << 20;
const LONGEST: usize = 256 * 1024;

#[derive(Deserialize)]
pub struct Asked {
    input: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    voice: String,
    response_format: Option<String>,
    speed: Option<f32>,
    stream_format: Option<String>,
}

pub async fn voices(State(voice): State<Voice>, _: Who) -> Result<Json<VoicesView>, VoiceError> {
    Ok(Json(VoicesView { voices: voice.mouth.voices().await? }))
}

pub async fn speak(
    State(voice): State<Voice>,
    Who(who): Who,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Response, VoiceError> {
    let Json(asked) = asked.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => VoiceError::new(ErrorCode::TooLarge, error.body_text()),
        _ => VoiceError::invalid(error.body_text()),
    })?;
    let shape = match asked.response_format.as_deref() {
        None => Shape::default(),
        Some(name) => {
            Shape::parse(name).ok_or_else(|| VoiceError::invalid("response_format: mp3, opus, wav or pcm"))?
        }
    };
    let tells_events = match asked.stream_format.as_deref() {
        None | Some("audio") => false,
        Some("sse") => true,
        Some(_) => return Err(VoiceError::invalid("stream_format: audio or sse")),
    };
    if asked.input.len() > LONGEST {
        let detail = format!("input: at most {LONGEST} bytes at once");
        return Err(VoiceError::new(ErrorCode::TooLarge, detail));
    }
    if !ENGINES.contains(&asked.model.as_str()) && !ANY_MODEL.contains(&asked.model.as_str()) {
        let detail =
            format!("there is no model {} to speak with; {} are", asked.model, ENGINES.join(" and "));
        return Err(VoiceError::new(ErrorCode::NotFound, detail));
    }
    let wish = wish(&voice, &asked, shape).await?;
    let place = voice.speakers.enter(&who).await?;
    let text = stream::iter([asked.input]);
    let mut speech = voice.mouth.speak(text, wish, CancellationToken::new(), place);
    // What goes wrong before there is any sound is an answer of its own.
    let nothing = || VoiceError::invalid("input: there is nothing in it that can be said");
    let first = speech.next().await.ok_or_else(nothing)??;
    let encoder = Encoder::new(shape, first.rate)?;
    let said = Said { first: Some(first), speech, encoder: Some(encoder) };
    let pieces = stream::unfold(said, Said::next);
    if tells_events {
        return Ok(Sse::new(events(pieces)).into_response());
    }
    let kind = [(header::CONTENT_TYPE, shape.media_type())];
    Ok((kind, Body::from_stream(pieces)).into_response())
}

async fn wish(voice: &Voice, asked: &Asked, shape: Shape) -> Result<Wish, VoiceError> {
    let engine = Some(asked.model.as_str()).filter(|model| ENGINES.contains(model));
    let all = voice.mouth.voices().await?;
    let is_here = |id: &str| all.iter().any(|voice| voice.id == id);
    let named = Some(asked.voice.as_str()).filter(|id| !ANY_VOICE.contains(id) || is_here(id));
    let choice = choose(&all, Sought { voice: named, engine }, &voice.usual);
    let unknown = || SpeakError::UnknownVoice(named.unwrap_or(&voice.usual).to_owned());
    let choice = choice.ok_or_else(unknown)?;
    let manner = Manner::of(&choice.voice).at_speed(asked.speed.unwrap_or(1.0));
    let manner = manner.ok_or_else(|| VoiceError::invalid("speed: a number from 0.25 to 4"))?;
    Ok(Wish { manner, language: choice.language, rate: shape.rate(), stand_in: choice.stand_in })
}

struct Said {
    first: Option<Sound>,
    speech: Speech,
    /// `None` at the end.
    encoder: Option<Encoder>,
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Speak(#[from] SpeakError),
    #[error(transparent)]
    Encode(#[from] Unencoded),
}

impl Said {
    /// The next bytes. An error is the last that comes.
    async fn next(mut self) -> Option<(Result<Vec<u8>, Broken>, Self)> {
        loop {
            let mut encoder = self.encoder.take()?;
            let sound = match self.first.take() {
                Some(first) => Some(Ok(first)),
                None => self.speech.next().await,
            };
            let made = match sound {
                Some(Ok(sound)) => {
                    let made = encoder.take(&sound.samples);
                    self.encoder = Some(encoder);
                    made
                }
                Some(Err(error)) => return Some((Err(error.into()), self)),
                None => encoder.end(),
            };
            match made {
                Ok(bytes) if bytes.is_empty() => {}
                made => return Some((made.map_err(Broken::from), self)),
            }
        }
    }
}

fn events(
    pieces: impl Stream<Item = Result<Vec<u8>, Broken>> + Send + 'static,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    // What broke off does not end as if it were whole.
    let all = pieces.map(Some).chain(stream::once(async { None }));
    all.scan(false, |is_broken, piece| {
        let told = (!*is_broken).then(|| match piece {
            Some(Ok(bytes)) => event("speech.audio.delta", json!({ "audio": STANDARD.encode(bytes) })),
            Some(Err(error)) => {
                *is_broken = true;
                event("error", json!({ "error": { "message": error.to_string() } }))
            }
            None => event("speech.audio.done", json!({})),
        });
        std::future::ready(told.map(Ok))
    })
}

fn event(kind: &str, mut data: Value) -> Event {
    data["type"] = kind.into();
    Event::default().event(kind).data(data.to_string())
}
