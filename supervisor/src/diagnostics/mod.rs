//! What somebody who helps needs to know, in one file, without anything that is nobody's business.
//!
//! `gather` writes the documents, of a box that runs or without one; `scrub` goes over every word of them; `archive`
//! makes one file. Secrets, what was said, names of people, tokens and folders that carry a name never get in.

pub mod archive;
pub mod gather;
pub mod scrub;
