//! What the box writes down about itself.
//!
//! `start` puts the writers together: lines for people or programs on the terminal, and JSON lines in
//! `logs/{app,performance,errors}.log`, which `rotating` keeps from growing without end. `reading` finds the
//! newest lines again and follows them, `line` makes one of them readable; `spoken` is what services in containers
//! said. Which words may be logged is
//! settled in docs/LOGGING.md.

pub mod line;
pub mod reading;
pub mod rotating;
pub mod spoken;
pub mod start;
