//! Engines of every kind and mood, on sockets of their own.

mod detecting;
mod engine;
mod probing;
