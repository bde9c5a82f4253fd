//! How much one caller may ask: each key, each person behind keys and pages, each address that has yet to say
//! who it is.
//!
//! In go requests, at the moment it is known whom to count; out comes a problem with the seconds to wait, or
//! nothing. `shares` keeps the counts. Health, readiness and files are counted for nobody.

pub mod counting;
pub mod shares;

#[cfg(test)]
mod tests;
