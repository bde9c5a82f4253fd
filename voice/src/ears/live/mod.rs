//! What is said, while it is said.
//!
//! The sound so far is heard again and again while somebody speaks, and once more when they have ended. [`agreement`] tells
//! which words are final, [`course`] what is heard when and what is told of it, and [`session`] lets it happen beside
//! everybody else: it holds a place only while something is heard.

pub mod agreement;
pub mod course;
pub mod seats;
pub mod session;

#[cfg(test)]
pub mod tests;
