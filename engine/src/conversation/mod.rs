//! One exchange, from the message to the reply: receive → recall → prompt → generate → remember.
//!
//! Every front door turns its event into an [`incoming::IncomingMessage`] and hands it to
//! [`receive::Receiver`]; there is no second path. The message and its turn are stored before anything
//! is said; a [`writer::Writer`] owns the turn under a lease and writes the reply down as it comes; a
//! [`follow::Follower`] shows it to whoever asks, from any place in the text, on any machine; what a
//! dead owner left is picked up by [`takeover`].

pub mod attempt;
pub mod window_cache;
pub mod context;
pub mod draft;
pub mod follow;
pub mod incoming;
pub mod live;
pub mod prompt;
pub mod recall;
pub mod recall_mode;
pub mod receive;
pub mod signals;
pub mod summary;
pub mod takeover;
pub mod words;
pub mod writer;

#[cfg(test)]
mod late_readers;
#[cfg(test)]
mod tests;
