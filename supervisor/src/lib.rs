//! The privileged room and the composition root: every role of the `whisperengine` program.
//!
//! `cli` turns arguments into a command, `commands` holds one file per command, `exit` says how each ends.
//! `config` is what the owner decides, `machine` what the box found. A library so that tests and other
//! commands can use the parts; `main.rs` adds nothing but the process around it.

pub mod cli;
pub mod exit;

pub mod commands;

pub mod config;
pub mod machine;
