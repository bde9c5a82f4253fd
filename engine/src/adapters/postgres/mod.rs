//! What only PostgreSQL says.

pub mod open;
