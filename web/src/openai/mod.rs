//! The door for programs that speak OpenAI's API: `/v1`.
//!
//! `caller` lets somebody in, `errors` gives every refusal below `/v1` OpenAI's shape, then one file per
//! subject. Words are translated here and nothing is decided: what a name means, what is new in a
//! client's history and what is remembered is the engine's to say.

pub mod caller;
pub mod chat;
pub mod embeddings;
pub mod errors;
pub mod models;

#[cfg(test)]
mod tests;
