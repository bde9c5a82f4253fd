//! What is said is heard, and what is written is said.

mod hearing;
mod speaking;
