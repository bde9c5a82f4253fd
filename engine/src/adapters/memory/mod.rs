//! Cache and bus inside this process, for an installation without Redis.
//!
//! `cache` keeps what was used last within bounds; given a path, `snapshot` carries it over a restart.
//! `bus` passes news between tasks of this process only.

pub mod bus;
pub mod cache;
pub mod shelf;
mod snapshot;
