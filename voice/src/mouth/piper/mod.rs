//! Piper's voices: a net for each, that turns phonemes into sound.
//!
//! How a text is pronounced is asked of eSpeak NG, as its own process; the net runs in this one, in Rust alone. A voice is
//! loaded when it is to speak, is shared by all who speak with it, and let go when nobody has for a while. Its file may
//! come from anywhere: each has been proven by a child before.

pub mod voices;
pub mod trial;
mod description;
mod phonemes;
mod ids;
mod net;
#[cfg(test)]
mod tests;

/// As requests name it.
pub const ENGINE: &str = "piper";
