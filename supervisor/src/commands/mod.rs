//! One file per command: its arguments, and a `run` that says what it did.
//!
//! A command gets a [`context::Context`], loads the configuration through it, and prints through it. What
//! it does lives in the rooms behind it; here stand arguments and words only.

pub mod context;

pub mod config;
