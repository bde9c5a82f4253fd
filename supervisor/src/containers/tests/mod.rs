//! Engines of every kind and mood, on sockets of their own.

#[cfg(target_os = "linux")]
mod closed;
mod detecting;
mod engine;
mod probing;
mod steadying;
mod watching;
