//! What every adapter of a port must keep, written once and run over each. Tests only.

pub mod bus;
pub mod cache;
pub mod clock;
pub mod skip;
pub mod vector_rows;
pub mod vectors;
