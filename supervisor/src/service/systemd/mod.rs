//! Linux with systemd: a user unit without root, a system unit as root.

pub mod escape;
pub mod unit;
pub mod control;
