//! The system pages over a box in any state.

pub mod state;

mod deeds;
mod logs;
mod showing;
mod wizard;

use showing::{moving, told_whole};
