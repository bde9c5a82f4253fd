//! The JSON of the protocol, as far as we speak it. Unknown fields are ignored.

use crate::ports::models::{ModelRequest, PromptMessage, Speaker};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<i64>,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    content: Told<'a>,
}

/// Words alone are told as they are: not every server knows parts.
#[derive(Serialize)]
#[serde(untagged)]
enum Told<'a> {
    Words(&'a str),
    Parts(Vec<ToldPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToldPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> ChatRequest<'a> {
    pub(super) fn new(model: &'a str, request: &'a ModelRequest) -> Self {
        let messages = request
            .messages
            .iter()
            .map(|message| ChatMessage { role: role(message.speaker), content: told(message) })
            .collect();
        Self {
            model,
            messages,
            max_tokens: request.max_tokens,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
        }
    }
}

fn told(message: &PromptMessage) -> Told<'_> {
    if message.pictures.is_empty() {
        return Told::Words(&message.text);
    }
    let words = (!message.text.is_empty()).then_some(ToldPart::Text { text: &message.text });
    let pictures = message.pictures.iter().map(|picture| {
        let url = format!("data:{};base64,{}", picture.media_type, BASE64_STANDARD.encode(&picture.bytes));
        ToldPart::ImageUrl { image_url: ImageUrl { url } }
    });
    Told::Parts(words.into_iter().chain(pictures).collect())
}

fn role(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::System => "system",
        Speaker::Person => "user",
        Speaker::Companion => "assistant",
    }
}

/// One event of a stream, or the whole of an answer that was not streamed.
#[derive(Deserialize)]
pub(super) struct Chunk {
    pub(super) model: Option<String>,
    pub(super) choices: Option<Vec<Choice>>,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    pub(super) index: u64,
    pub(super) delta: Option<Piece>,
    /// Takes the place of `delta` in an answer that was not streamed.
    pub(super) message: Option<Piece>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Piece {
    pub(super) content: Option<Content>,
    pub(super) refusal: Option<String>,
    /// Two names for the same; some servers send both, with the same words.
    pub(super) reasoning_content: Option<String>,
    pub(super) reasoning: Option<String>,
    pub(super) tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

impl Content {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ToolCall {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) function: Option<Function>,
}

#[derive(Deserialize)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Usage {
    prompt_tokens: Option<Number>,
    completion_tokens: Option<Number>,
    /// Dollars; kept as written, because a float would round.
    cost: Option<Box<RawValue>>,
}

impl Usage {
    pub(super) fn prompt(&self) -> i64 {
        count(self.prompt_tokens.as_ref())
    }

    pub(super) fn prompt_if_told(&self) -> Option<i64> {
        self.prompt_tokens.as_ref()?.as_i64().map(|tokens| tokens.max(0))
    }

    pub(super) fn completion(&self) -> i64 {
        count(self.completion_tokens.as_ref())
    }

    pub(super) fn cost_micros(&self) -> Option<i64> {
        super::money::micros(self.cost.as_ref()?.get())
    }
}

fn count(number: Option<&Number>) -> i64 {
    number.and_then(Number::as_i64).unwrap_or(0).max(0)
}

#[derive(Deserialize)]
pub(super) struct ModelList {
    pub(super) data: Vec<ListedModel>,
}

#[derive(Deserialize)]
pub(super) struct ListedModel {
    pub(super) id: String,
}

#[derive(Serialize)]
pub(super) struct EmbeddingsAsked<'a> {
    pub(super) model: &'a str,
    pub(super) input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dimensions: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct EmbeddingAnswer {
    pub(super) model: Option<String>,
    pub(super) data: Vec<EmbeddingRow>,
    pub(super) usage: Option<Usage>,
}

#[derive(Deserialize)]
pub(super) struct EmbeddingRow {
    #[serde(default)]
    pub(super) index: usize,
    pub(super) embedding: Vec<f32>,
}
