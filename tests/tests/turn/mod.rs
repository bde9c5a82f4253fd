//! A turn: one message, one reply, whatever happens in between.

mod fallback;
mod fencing;
mod followers;
mod leaving;
mod looking;
mod once;
mod recall;
mod stopping;
pub mod survives;
