//! One file per command: its arguments, and a `run` that says what it did.
//!
//! A command gets a [`context::Context`], loads the configuration through it, and prints through it. What
//! it does lives in the rooms behind it; here stand arguments and words only.

pub mod context;
pub mod secret_file;

pub mod config;
pub mod bundle;
pub mod chat;
pub mod diagnostics;
pub mod doctor;
pub mod door;
pub mod engine;
pub mod key;
pub mod logs;
pub mod migrate;
pub mod migrate_store;
pub mod model;
pub mod move_beside;
pub mod owner;
pub mod person;
pub mod prove_model;
pub mod repair;
pub mod service;
pub mod setup;
pub mod speak;
pub mod status;
pub mod transcribe;
pub mod uninstall;
pub mod up;
pub mod voice;
