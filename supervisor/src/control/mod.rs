//! The control socket: how commands speak to the box that runs.
//!
//! `socket` makes and finds `run/control.sock` and lets in only processes of our own user; `router` stamps
//! whoever came in as the box's operator, hands calls on to the engine, and answers for the appliance
//! itself. The words it answers in stand in `wire`.

pub mod router;
pub mod socket;
pub mod wire;
