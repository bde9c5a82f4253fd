//! How the box is, for its owner: what it leans on, what needs somebody, long work, and what it wrote down.
//!
//! `page` shows it and its living part, which `now` puts into words; `service`, `job` and `told` are the words
//! for each thing on it. `deeds` are its buttons, `logs` is the page of what was written down,
//! `follow` hands on what comes.

pub mod page;

pub mod job;
pub mod now;
pub mod service;
pub mod told;

pub mod deeds;
pub mod follow;
pub mod logs;

#[cfg(test)]
pub(crate) mod tests;
