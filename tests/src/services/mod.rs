//! Neighbours of the program: one fresh corner per test on the servers that `scripts/test` started.

pub mod postgres;
pub mod redis;
