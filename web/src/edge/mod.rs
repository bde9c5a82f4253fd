//! What is looked at before anybody acts on a request: who comes, its name for us, its size, its id.

pub mod body;
pub mod forwarded;
pub mod host;
pub mod request;
pub mod visitor;
