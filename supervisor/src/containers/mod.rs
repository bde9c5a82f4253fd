//! Which container engine this machine has, and how it is. Looking starts nothing.
//!
//! `places` lists where engines listen on each platform, `named` reads what the user says about it, `probe`
//! asks one endpoint who it is and how it does, `detect` asks all of them at once and says which one
//! counts. Every verdict is kept, so that `doctor` can show why. `inside` finds the container that the box itself may be
//! in, and `neighbour` tells an engine in the same container from one outside of it. `inspected` reads what an engine tells of
//! a container, `graphics` what it could hand to one. `watch` keeps looking while the box runs, and
//! `steady` makes of its looks a state that can be leaned on.

pub mod detect;
pub mod endpoint;
pub mod graphics;
pub mod inside;
pub mod inspected;
pub mod installed;
pub mod marks;
pub mod named;
mod neighbour;
pub mod places;
pub mod podman;
pub mod probe;
pub mod question;
pub mod state;
pub mod steady;
pub mod watch;

#[cfg(test)]
mod tests;
