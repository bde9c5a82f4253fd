//! The door over an engine that says what a test needs it to say.

mod world;

mod chatting;
mod directly;
mod embedding;
mod listing;
mod refusals;
