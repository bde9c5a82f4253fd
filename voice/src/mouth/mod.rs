//! The mouth: text goes in while it is still being written, sound comes out clause by clause.

pub mod speaking;
pub mod reading;
pub mod synthesizer;
pub mod espeak;
pub mod piper;
pub mod several;
pub mod choice;
pub mod encoding;
mod voices;
pub mod wav;
#[cfg(test)]
mod tests;
