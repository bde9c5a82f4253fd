//! What the supervisor must not forget: `appliance.db`, a SQLite file of its own, so that the box knows what it
//! was doing even where the Store cannot be reached.
//!
//! `open` makes or opens it, `journal` holds what the box was about to change in the container engine, `jobs` what
//! takes long, `choices` what the owner decided about services, `images` what was learnt about images, `volumes` who had one. Everything in it
//! that describes containers can be found out again by looking; what cannot is written before it is acted on.

pub mod choices;
pub mod images;
pub mod jobs;
pub mod journal;
pub mod open;
pub mod volumes;

#[cfg(test)]
mod tests;
