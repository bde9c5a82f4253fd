//! The companion: everything between a message and its reply.
//!
//! In goes an `IncomingMessage` from any front door, out comes a turn that can be followed from
//! anywhere. Inside, `domain` (plain types and rules) is used by `ports` (what the use cases need),
//! which the use cases call and `adapters` fulfil; `api` is the only door in. No HTML, no containers.

pub mod domain;
pub mod ports;
pub mod conversation;
pub mod companions;
pub mod models;
pub mod people;
pub mod background;
pub mod secrets;
pub mod adapters;
pub mod api;
pub mod assembly;
