//! The box's own long work: fetching images, later downloads, backups and updates. `board` is where whoever works says how
//! far they are, and whoever watches reads it.

pub mod board;
pub mod progress;
