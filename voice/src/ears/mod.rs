//! From sound to words.
//!
//! Sound comes block by block. [`windows`] cuts it where somebody draws breath, so that silence is never listened to and
//! an hour takes no more memory than a sentence. A window is heard by a [`recogniser`], which is whisper.cpp. [`desk`]
//! keeps it loaded while it is used, and lets only so many listen at a time.

pub mod desk;
pub mod hearing;
pub mod model;
pub mod windows;

#[cfg(test)]
pub mod tests;
