//! What the use cases need from the world. Traits speak domain types only; adapters implement them.
//!
//! `Ok(None)` means "no such thing": absence is a normal answer. Every query names its tenant, and
//! where an object has an owner, the person too: scope is part of the query, never a check after it.

pub mod access;
pub mod attachments;
pub mod belongings;
pub mod cache;
pub mod clock;
pub mod companions;
pub mod connections;
pub mod conversations;
pub mod embedders;
pub mod error;
pub mod housekeeping;
pub mod ledger;
pub mod memories;
pub mod models;
pub mod people;
pub mod providers;
pub mod store;
pub mod turns;
pub mod vectors;
