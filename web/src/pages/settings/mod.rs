//! The settings: what people decide about themselves, and what the owner decides for the box.
//!
//! `resident` finds out who is deciding, `shell` is what all of these pages have around them; then one file
//! per section. What cannot be undone with a click is confirmed on a page of its own first.

pub mod resident;
pub mod shell;

pub mod appearance;
pub mod belongings;
pub mod box_itself;
pub mod keys;
pub mod models;
pub mod order;
pub mod people;
pub mod profile;
pub mod removed;

#[cfg(test)]
mod tests;
