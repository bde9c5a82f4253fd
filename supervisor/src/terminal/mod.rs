//! A conversation at a terminal: lines in, words out as they come.

pub mod input;
pub mod reply;
pub mod talk;
