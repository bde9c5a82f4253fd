//! The first visit, from the token in the terminal to the first conversation.
//!
//! `entry` lets in who has the token and makes the owner, `recovery` shows the code that is the way back in,
//! `machine` what the box found and `ways` where its parts
//! may run, `containers` their coming, `model` connects a language model. How far somebody came is kept by the
//! engine, and `progress` leads there: each step leaves a whole box behind and can be taken later.

pub mod entry;
pub mod recovery;

pub mod containers;
pub mod machine;
pub mod model;

mod progress;
mod ways;

#[cfg(test)]
mod tests;
