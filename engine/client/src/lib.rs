//! The engine's contract: the words that cross it, and the typed client that speaks them.
//!
//! Pages, platform adapters, the terminal and the supervisor hold an [`client::EngineClient`] and cannot
//! tell whether the engine answers in this process, over a Unix socket or from a container: a
//! transport is just a service from request to response. This crate knows nothing of how the engine
//! works inside.

pub mod client;
pub mod contract;
pub mod events;
pub mod pictures;
pub mod principal;
pub mod problem;
pub mod sse;
pub mod transport;
pub mod wire;
