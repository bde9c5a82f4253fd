//! Who can speak.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoicesView {
    pub voices: Vec<VoiceView>,
}

/// One voice, as `/v1/audio/voices` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceView {
    /// What is sent as `voice`: `en-us`.
    pub id: String,
    /// For people: `English (America)`.
    pub name: String,
    /// As BCP 47 has it: `en-us`.
    pub language: String,
    /// Which program or model speaks with it: `espeak-ng`.
    pub engine: String,
    /// It is known, but not here yet.
    pub needs_download: bool,
    /// Of a voice of several, each sent as `id#speaker`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speakers: Vec<String>,
}
