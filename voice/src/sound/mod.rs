//! From whatever a file holds to what ears listen to: one channel, sixteen thousand samples a second.
//!
//! Files come from strangers. Whatever they say about themselves is only believed as far as it can be decoded, and never
//! more is decoded than the caller allows.

pub mod brought;
pub mod error;
pub mod pace;
pub mod reading;
mod opus;
mod packets;
mod wav;

#[cfg(test)]
mod tests;
