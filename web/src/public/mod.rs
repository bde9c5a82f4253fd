//! The public listener: what it is made of and what it answers to.

pub mod addresses;
pub mod authority;
pub mod contract;
pub mod manifest;
pub mod plain;
pub mod router;

#[cfg(test)]
pub(crate) mod tests;
