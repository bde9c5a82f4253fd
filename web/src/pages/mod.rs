//! The pages: rendered on the server, working without script, a file or folder per page.
//!
//! `session` holds the cookies, `visit` finds out who opens a page, `staying` who may still have it open, `form` what
//! they sent, `frame` is what all pages have around them, and `error` what they see instead.

pub mod error;
pub mod form;
pub mod frame;
pub mod living;
pub mod moment;
pub mod session;
pub mod staying;
pub mod visit;

pub mod certificate;
pub mod chat;
pub mod join;
pub mod search;
pub mod settings;
pub mod shortcuts;
pub mod setup;
pub mod sign_in;
pub mod strange_host;
pub mod system;

#[cfg(test)]
mod tests;
