//! Markdown to safe HTML, block by block.
//!
//! `render` makes the blocks and cleans them, `growing` keeps those of a text that is still being written,
//! and `highlight` colours code by the look of it.

pub mod growing;
pub mod highlight;
pub mod render;
