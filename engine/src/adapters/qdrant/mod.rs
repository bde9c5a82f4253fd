//! The vector index on a Qdrant server, for installations with many people.
//!
//! `collection` names and prepares the one collection an embedder has there, `index` writes and asks.
//! Every query is filtered by tenant, person, companion and scope on the server.

mod collection;
pub mod index;

#[cfg(test)]
pub mod stand_in;
#[cfg(test)]
mod tests;
