//! Whether a container engine is there. Nothing is started in it and nothing depends on it.
//!
//! `places` says where engines listen, `ask` asks all of them at once who they are.

pub mod ask;
pub mod places;
