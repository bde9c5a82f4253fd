//! What was heard.

use serde::{Deserialize, Serialize};

/// Everything that was said in one piece of sound. Silence has no text and no segments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    pub text: String,
    /// As ISO 639-1 has it: `en`. Empty where nothing was said.
    pub language: String,
    /// Seconds of sound.
    pub duration: f64,
    pub segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Seconds from the beginning of the sound.
    pub start: f64,
    pub end: f64,
    pub text: String,
    /// How sure its words are, on average: 0 is certain.
    pub avg_logprob: f32,
    /// How likely it is that nobody spoke.
    pub no_speech_prob: f32,
    /// Only where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub word: String,
    pub start: f64,
    pub end: f64,
    pub probability: f32,
}
