//! What only SQLite says: how its file is opened, and how its one writer commits in groups.

pub mod filesystem;
pub mod open;
pub mod search;
mod snapshot;
pub mod writer;
