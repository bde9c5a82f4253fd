//! Services in containers: brought up, watched, repaired, and let go.
//!
//! # Theory of operation
//!
//! Each service has one `Upkeep`: where it stands, what it waits for and what went wrong lately. `table` is a
//! pure function from an upkeep and an event to the next upkeep and the acts that follow; it reads no clock and
//! calls nobody. `keeper` is the one task that feeds it: it turns what the container engine says into events,
//! has acts carried out one at a time per service (`desk`, `hands`), and tells the rest of the box where a
//! service answers (`view::Reach`). Before every call that changes something it writes an intent into the journal.
//!
//! News from the engine is only a hint to look again: what counts is what an inspection says now. So a gap in
//! the news, a restart of the engine, a container that somebody removed by hand and a supervisor that was
//! killed half-way all end in the same place: `Looking`, which takes what is there and does what is missing.
//! Nothing that answers is restarted.
//!
//! A service that cannot be had is no failure of the box: whoever needs it has something of its own to fall
//! back on, and is told when it comes and goes.

pub mod fault;
pub mod name;
pub mod table;
pub mod upkeep;

pub mod desk;
pub mod hands;
pub mod intents;
pub mod keeper;
pub mod probe;
pub mod secrets;
pub mod spoken;
pub mod view;
pub mod way;

#[cfg(test)]
mod tests;
