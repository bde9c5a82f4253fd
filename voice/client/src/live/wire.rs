//! What is said in a live session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine_client::problem::Problem;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Bears a [`Start`].
pub const START: &str = "x-whisperengine-live";
/// What events come as: each is a line of JSON.
pub const EVENTS: &str = "application/x-ndjson";

/// Samples a second that a session may have.
pub const RATES: RangeInclusive<u32> = 8_000..=48_000;

/// What the sound is: 16-bit samples, little-endian, one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Samples a second.
    pub rate: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Words that may come.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What was final already of the utterance that the sound begins with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
}

impl Start {
    pub fn to_header(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("it is plain data"))
    }

    pub fn from_header(value: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()
    }
}

/// Times are seconds from the beginning of the sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveEvent {
    /// It listens.
    Ready,
    /// Somebody seems to speak.
    Began { at: f64 },
    /// Perhaps, behind all that is final of this utterance. Takes the place of the one before.
    Partial { text: String },
    /// Behind what is final already, and never changed.
    Final { text: String },
    /// Somebody has ended: all that was final of it.
    Utterance { text: String, from: f64, to: f64, language: String },
    /// Up to there everything was told, and nobody speaks.
    Quiet { to: f64 },
    /// Nothing new; whoever listens is well.
    Alive,
    /// Everything was heard. Nothing comes behind it.
    Done,
    /// It is over before its end.
    Error { problem: Problem },
}
