//! A cache or an index that another process keeps, with our own standing by: whether the other one is there is nothing
//! a caller has to know.

pub mod cache;
pub mod vectors;

#[cfg(test)]
mod tests;
