//! The box as a service of this machine, so that a reboot brings it back.
//!
//! Theory of operation. A [`launch::Launch`] says what is to be run: this program, `up`, the data directory
//! and the owner's arguments. Each platform turns it into the file its service manager reads (`systemd`,
//! `launchd`, `windows`); that is a pure function, tested on every machine. Around it stands one flow:
//! look at what is there, refuse what is not ours, write only what differs, ask the manager, then look
//! whether the box really came up. The manager is spoken to through its own command-line tools and nothing
//! else, each call with a time limit, all through one [`runner::Runner`] that a test replaces by a recording.
//!
//! A unit is ours when it begins with [`launch::MARK`]. Nothing else is ever changed, stopped or removed, and
//! the data directory is never removed. What the service may touch is in the unit: its data directory.

pub mod launch;
pub mod account;
pub mod ground;
pub mod runner;
pub mod unit_file;
pub mod outcome;
pub mod watch;

pub mod manager;
pub mod systemd;
pub mod launchd;
pub mod windows;

#[cfg(test)]
mod tests;
