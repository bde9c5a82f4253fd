//! Cache and bus over a Redis server, shared by every process of an installation.
//!
//! `link` reaches the server and names things so that installations do not meet; `cache` and `bus`
//! speak through it. A dead or hung server costs a caller a bounded moment and an error; once it is
//! back, the next call works.

pub mod bus;
pub mod cache;
pub mod link;
mod news;

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
