//! Ears and a mouth. Sound goes in and text comes out, text goes in and sound comes out; nothing is kept.
//!
//! The only door in is [`api::router`]. Who may use it is settled before it, by whoever holds the transport's secret.

pub mod sound;
pub mod ears;
pub mod mouth;
pub mod shelf;
pub mod api;
pub mod queue;
