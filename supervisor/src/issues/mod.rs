//! What needs somebody, and what the box can do about it when they press the button.
//!
//! Issues are derived and never stored: `gather` looks at the box once and makes a `snapshot`, `checks` turn that
//! into issues without asking anybody anything, and a repair that worked makes its issue vanish by itself. `kind` is
//! the register: each row with how bad it is, what to do, and which of the `repairs` helps. `centre` is what the
//! rest of the box calls.
//!
//! Nothing here needs the engine, the store or a container engine to be well: an unhealthy box can still be looked
//! at and repaired.

pub mod kind;
pub mod issue;

pub mod snapshot;
pub mod figures;
pub mod gather;
pub mod checks;

pub mod ground;
pub mod repairs;
pub mod centre;

#[cfg(test)]
mod tests;
