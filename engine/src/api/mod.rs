//! The contract, served: the only door into the engine.
//!
//! `guard` lets in only those who hold the transport's secret and looks up who they speak for;
//! `problem` turns every error into a document with a stable code; then one file per subject, each
//! with its routes. Handlers translate between the wire and the use cases and decide nothing.

pub mod attachments;
pub mod belongings;
pub mod companions;
pub mod completions;
pub mod connections;
pub mod continuations;
pub mod conversations;
pub mod embeddings;
pub mod events;
pub mod extract;
pub mod guard;
pub mod keys;
pub mod me;
pub mod messages;
pub mod models;
pub mod people;
pub mod problem;
pub mod router;
pub mod sessions;
pub mod setup;
pub mod state;
pub mod status;
pub mod turns;
pub mod views;

#[cfg(test)]
mod suite;
