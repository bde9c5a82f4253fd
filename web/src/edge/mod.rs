//! What is looked at before anybody acts on a request: who comes and how often, its name for us, its size,
//! its id; and what is said of the answer to whoever passes it on.

pub mod body;
pub mod forwarded;
pub mod host;
pub mod limits;
pub mod request;
pub mod unbuffered;
pub mod visitor;
