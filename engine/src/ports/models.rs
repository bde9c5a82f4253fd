//! Language models, as the turn sees them: words in, a stream of deltas out.

use crate::domain::usage::Tokens;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    System,
    Person,
    Companion,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptMessage {
    pub speaker: Speaker,
    pub text: String,
    pub pictures: Vec<Picture>,
}

impl PromptMessage {
    pub fn words(speaker: Speaker, text: impl Into<String>) -> Self {
        Self { speaker, text: text.into(), pictures: Vec::new() }
    }
}

/// A picture for models that can see.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub media_type: &'static str,
    pub bytes: Bytes,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} bytes", self.media_type, self.bytes.len())
    }
}

#[derive(Clone, Debug)]
pub struct ModelRequest {
    pub messages: Vec<PromptMessage>,
    /// `None` leaves it to the provider.
    pub max_tokens: Option<i64>,
    /// Given to the provider as an idempotency hint and logged on both sides.
    pub request_id: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Words of the reply.
    Text(String),
    /// The model thinks aloud: never stored, never spoken; it only shows that it is alive.
    Reasoning(String),
    ToolCall(ToolCallDelta),
    /// Which model really answers, as soon as it is known.
    Model(String),
    Usage(Tokens, Option<i64>),
    /// The last one of a whole answer; a stream that ends without it was cut.
    Finish(Finish),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCallDelta {
    pub index: usize,
    pub id: Option<String>,
    pub name: Option<String>,
    pub arguments: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

/// What went wrong, by what the turn can do about it. Details are our words, never a raw body.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ModelError {
    #[error("the model server refuses the key")]
    Unauthorized,
    #[error("the account at the provider has no credit left")]
    PaymentRequired,
    #[error("the server does not know the model `{model}`")]
    UnknownModel { model: String },
    #[error("the conversation is too long for the model")]
    TooLong,
    #[error("the provider asks to wait")]
    RateLimited { retry_after: Option<Duration> },
    /// The request itself was refused; trying again changes nothing.
    #[error("the model server refused the request with status {status}")]
    Rejected { status: u16 },
    /// The same, of a request with pictures in it.
    #[error(
        "the model server refused the request with status {status}; it may be a model that takes no pictures"
    )]
    PicturesRejected { status: u16 },
    #[error("the model server failed with status {status}")]
    ServerFailed { status: u16 },
    #[error("the model server cannot be reached: {reason}")]
    Unreachable { reason: String },
    /// The address is not one we may call.
    #[error("the address is not allowed: {reason}")]
    Forbidden { reason: String },
    #[error("the model said nothing for {after:?}")]
    Silent { after: Duration },
    #[error("the model server broke off in the middle")]
    Cut,
    /// Not what an OpenAI-shaped server says.
    #[error("the model server's answer makes no sense: {reason}")]
    Nonsense { reason: String },
    /// More than we are willing to hold.
    #[error("the model server's answer is too large")]
    TooLarge,
    /// It failed often lately and rests until then.
    #[error("this connection failed often and rests for {remaining:?}")]
    Resting { remaining: Duration },
    #[error("no model is connected")]
    NoneConnected,
}

impl ModelError {
    /// Stable, for the turn's record and the page that explains it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "model_unauthorized",
            Self::PaymentRequired => "model_no_credit",
            Self::UnknownModel { .. } => "model_unknown",
            Self::TooLong => "model_too_long",
            Self::RateLimited { .. } => "model_rate_limited",
            Self::Rejected { .. } => "model_rejected",
            Self::PicturesRejected { .. } => "model_pictures_rejected",
            Self::ServerFailed { .. } => "model_server_failed",
            Self::Unreachable { .. } => "model_unreachable",
            Self::Forbidden { .. } => "model_forbidden_address",
            Self::Silent { .. } => "model_silent",
            Self::Cut => "model_cut",
            Self::Nonsense { .. } => "model_nonsense",
            Self::TooLarge => "model_too_large",
            Self::Resting { .. } => "model_resting",
            Self::NoneConnected => "model_none",
        }
    }
}

pub type DeltaStream = BoxStream<'static, Result<Delta, ModelError>>;

#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// Returns when the server has accepted the request. Dropping the stream cancels upstream.
    async fn reply(&self, request: ModelRequest) -> Result<DeltaStream, ModelError>;
    /// The ids the server offers: what *Test* and the model list ask.
    async fn list_models(&self) -> Result<Vec<String>, ModelError>;
}
