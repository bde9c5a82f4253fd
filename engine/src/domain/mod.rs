//! Plain types and rules of the companion's world. No I/O, no async, no clocks: `domain` never awaits.
//!
//! Read in this order: ids and time, who speaks, what they speak in, what one exchange is,
//! what it cost, what is kept, and what goes on in the background.

pub mod access;
pub mod attachment;
pub mod authorize;
pub mod companion;
pub mod connection;
pub mod conversation;
pub mod holdings;
pub mod ids;
pub mod job;
pub mod memory;
pub mod message;
pub mod names;
pub mod person;
pub mod throttle;
pub mod time;
pub mod turn;
pub mod usage;
