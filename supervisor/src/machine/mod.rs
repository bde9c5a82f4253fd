//! What this box runs on, and what that means for how it is set up.
//!
//! In goes a [`source::Machine`] (the live one, or a fixture tree in a test) and the environment; out
//! come the hardware with its evidence, the deployment mode, the scale tier and the values derived from
//! it. Nothing here runs a program, opens a network connection or changes anything.

pub mod source;

pub mod cgroup;
pub mod gpu;
pub mod hardware;
pub mod mode;

pub mod derived;
pub mod tier;

#[cfg(test)]
mod tests;
