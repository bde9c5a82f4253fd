//! The box as a whole: the parts put together, started, and let go in order.
//!
//! `store` and `engine` turn the configuration into a running engine; `listen` finds the public address;
//! `state` is what everybody may know about the box while it runs; `pages` is how web sees it, with `health` and
//! `written` for the system pages; `moving` carries the Store elsewhere; `figures` counts; `run` is its life from
//! the first step to the last, and `live` the part of it that has a Store. `signals` are the owner's words to stop,
//! `cleanup` removes what was only needed for a while.

pub mod run;
mod live;
pub mod state;

pub mod engine;
pub mod figures;
pub mod health;
pub mod listen;
pub mod moving;
pub mod providers;
pub mod services;
pub mod signals;
pub mod store;
pub mod voice;
pub mod cleanup;
pub mod pages;
pub mod written;

#[cfg(test)]
pub(crate) mod tests;
