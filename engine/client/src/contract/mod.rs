//! The contract's routes: which there are, for whom, what goes in and what comes out.
//!
//! One list, `operations`. The engine hangs a handler on each and has no other route; `openapi` describes
//! each from the wire types; the story of who may see what has a case for each. A new route is a line in
//! the list, and the compiler asks for the rest.

pub mod openapi;
pub mod operation;
pub mod operations;
pub mod repeat;
