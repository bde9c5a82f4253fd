//! The contract's suite: the same behaviours in-process, over a Unix socket and over TCP, on a real
//! store. What a caller sees must not depend on where the engine is.

mod harness;
mod model;
mod belongings;
mod branches;
mod clients;
mod connecting;
mod errors;
mod files;
mod first_steps;
mod following;
mod nearness;
mod recalled;
mod removals;
mod own_account;
