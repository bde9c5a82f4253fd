//! From sound to words.
//!
//! Sound comes block by block. [`windows`] cuts it where somebody draws breath, so that silence is never listened to and
//! an hour takes no more memory than a sentence. A window is heard by whisper.cpp: [`model`] is a file of it in memory,
//! [`hearing`] what it makes of a window. [`desk`] keeps it loaded while it is used, and lets only so many listen at a time.
//! [`live`] hears somebody while they speak.

pub mod desk;
pub mod hearing;
pub mod live;
pub mod model;
mod complaints;
pub mod windows;

#[cfg(test)]
pub mod tests;
