//! The privileged room and the composition root: every role of the `whisperengine` program.
//!
//! `cli` turns arguments into a command, `commands` holds one file per command, `exit` says how each ends.
//! `appliance` is the box that runs, `control` the socket that commands reach it by, `reach` how they find
//! it or do without, `terminal` a conversation at the keyboard, `doctor` how the box is, `diagnostics` the same for somebody who helps, `issues` what needs somebody and how it is repaired, `service`
//! how a reboot brings it back, `uninstall` how it all goes. `instance` keeps two processes apart, `secrets` holds the keys, `tls` the public
//! listener's certificate, `logs` what is written down, `containers` whether a container engine is there. `config` is what the owner decides, `machine` what the
//! box found, `meter` what it takes. A library so that tests and other commands can use the parts; `main.rs` adds nothing but the
//! process around it.

pub mod cli;
pub mod exit;

pub mod commands;

pub mod appliance;
pub mod control;
pub mod diagnostics;
pub mod doctor;
pub mod issues;
pub mod reach;
pub mod service;
pub mod terminal;
pub mod uninstall;

pub mod instance;
pub mod logs;
pub mod secrets;
pub mod tls;

pub mod config;
pub mod containers;
pub mod daemon;
pub mod images;
pub mod jobs;
pub mod machine;
pub mod meter;
pub mod plan;
pub mod services;
pub mod state;
