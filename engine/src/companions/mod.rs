//! Companions: who lives here from the first day, and how conversations with them begin.

pub mod conversations;
pub mod first;
