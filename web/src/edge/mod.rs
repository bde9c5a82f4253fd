//! What is looked at before anybody acts on a request: its name for us, its size, its id.

pub mod body;
pub mod host;
pub mod request;
