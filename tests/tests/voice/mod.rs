//! What is said is heard, also while it is said, and what is written is said.

pub mod hearing;
mod live;
mod piper;
mod speaking;
