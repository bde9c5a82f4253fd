//! The world, as far as the ports ask for it. One folder per technology.
//!
//! `sql` holds what both databases share, `sqlite` and `postgres` what only one of them says.

pub mod embedding;
pub mod memory;
pub mod openai;
pub mod postgres;
pub mod qdrant;
pub mod recent;
pub mod redis;
pub mod resident;
pub mod sql;
pub mod sqlite;
pub mod standby;
pub mod system;

#[cfg(test)]
mod suites;
