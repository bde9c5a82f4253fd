//! The words of voice's contract: its addresses, what is sent and what comes back.
//!
//! Voice knows sound and text. Who may ask is settled by our front doors, which call it over the same transports as the
//! engine and show the same proof.

pub mod contract;
pub mod form;
pub mod live;
pub mod ready;
pub mod speech;
pub mod wire;
