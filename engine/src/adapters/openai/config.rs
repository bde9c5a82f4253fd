//! How long and how much an OpenAI-shaped server may take.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAiConfig {
    /// From sending the request to the first word, and the longest time between two words however
    /// many keep-alives come between them. Default 120 s.
    pub first_token: Duration,
    /// After the first word, the longest time without a single byte. Default 60 s.
    pub silence: Duration,
    /// How long the usage figures may lag behind the end of the answer. Default 2 s.
    pub linger: Duration,
    /// For the list of models, in all. Default 30 s.
    pub list: Duration,
    /// Bytes of one event. Default 1 MiB.
    pub frame_bytes: usize,
    /// Bytes of text, thoughts and tool arguments together. Default 2 MiB.
    pub text_bytes: usize,
    /// Bytes of one streamed answer on the wire; nothing of it is kept. Default 256 MiB.
    pub wire_bytes: u64,
    /// How often a server may send us on; each step is judged like the first. Default 3.
    pub redirects: usize,
}

impl Default for OpenAiConfig {
    fn default() -> Self {
        Self {
            first_token: Duration::from_mins(2),
            silence: Duration::from_mins(1),
            linger: Duration::from_secs(2),
            list: Duration::from_secs(30),
            frame_bytes: 1024 * 1024,
            text_bytes: 2 * 1024 * 1024,
            wire_bytes: 256 * 1024 * 1024,
            redirects: 3,
        }
    }
}
