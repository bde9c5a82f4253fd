//! What the use cases need from the world. Traits speak domain types only; adapters implement them.
//!
//! `Ok(None)` means "no such thing": absence is a normal answer. Every query names its tenant, and
//! where an object has an owner, the person too: scope is part of the query, never a check after it.

pub mod clock;
pub mod error;
pub mod people;
pub mod companions;
pub mod conversations;
pub mod turns;
pub mod ledger;
pub mod memories;
pub mod attachments;
pub mod connections;
pub mod access;
pub mod housekeeping;
pub mod store;
pub mod cache;
pub mod vectors;
pub mod models;
