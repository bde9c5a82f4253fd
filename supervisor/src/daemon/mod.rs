//! The container engine's API, in the box's own words. The only place that names bollard.
//!
//! `belongings` is all that a box has in an engine, `connection` is one engine and how it likes things done, `containers` (and what is told of one, `inspected`), `grounds` (networks and volumes), `images`,
//! `spoken`, `trial`, `usage` and `news` are what is asked of it, `sorting` turns whatever it answers into a fault of the register. Every call ends:
//! answers have a deadline, streams a longest silence.

pub mod belongings;
pub mod connection;
pub mod containers;
pub mod grounds;
pub mod images;
pub mod inspected;
pub mod labels;
pub mod line;
pub mod news;
pub mod sorting;
pub mod spoken;
pub mod trial;
pub mod usage;
