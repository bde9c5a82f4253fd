//! The contract's documents, one file per subject. Times are microseconds since the epoch, UTC.

pub mod appearance;
pub mod attachments;
pub mod belongings;
pub mod companions;
pub mod completions;
pub mod connections;
pub mod continuations;
pub mod conversations;
pub mod embeddings;
pub mod export;
pub mod models;
pub mod people;
pub mod queries;
pub mod sessions;
pub mod setup;
pub mod status;
pub mod turns;
