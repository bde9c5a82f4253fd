//! The chat: one conversation in view, all of them beside it.
//!
//! `page` puts it together from the `sidebar` and its `line`s; `say` is how words go in, as the composer has
//! `composed` them, `live` how a reply comes out as it grows, `file` a picture that was sent, `aloud` a message as sound. `conversation`
//! is what can be done to a whole one, `detail` how a reply came about, and `palette` the quick way to all
//! of it.

pub mod page;

pub mod address;
mod line;
mod sidebar;

pub mod composed;
pub mod say;
pub mod live;
pub mod file;
pub mod aloud;
pub mod conversation;
pub mod detail;
pub mod palette;
