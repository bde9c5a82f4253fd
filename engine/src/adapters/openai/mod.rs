//! Model servers that speak OpenAI's shape over HTTP, hosted or at home.
//!
//! In goes a `ModelRequest`, out comes a stream of deltas; or texts go in and vectors come out. Every server
//! is taken for hostile: frames, text, bytes and waiting are bounded, names of events are ignored, error
//! bodies are read but never shown. No retries and no choice between servers here: that is `models`.

pub mod builder;
pub mod config;
mod embedding;
mod failure;
mod fragments;
pub mod model;
mod money;
mod reply;
mod wire;

#[cfg(test)]
mod tests;
