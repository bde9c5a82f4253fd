//! What somebody who helps needs to know, in one file, without anything that is nobody's business.
//!
//! `gather` writes the documents, of a box that runs or without one; `scrub` goes over every word of them, with `said`,
//! `looks` and `foreign`; `archive` makes one file. Secrets, what was said, tokens and folders that carry a name never get
//! in, and names of people where the engine tells who lives here.

pub mod archive;
mod foreign;
pub mod gather;
mod looks;
mod said;
pub mod scrub;
