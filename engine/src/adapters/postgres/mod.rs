//! What only PostgreSQL says.

pub mod open;
pub mod search;
