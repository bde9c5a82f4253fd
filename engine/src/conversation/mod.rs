//! One exchange, from the message to the reply: receive → recall → prompt → generate → remember.
//!
//! Every front door turns its event into an [`incoming::IncomingMessage`] and hands it to
//! [`receive::Receiver`]; there is no second path. The message and its turn are stored before anything
//! is said; a [`writer::Writer`] owns the turn under a lease and writes the reply down as it comes; a
//! [`follow::Follower`] shows it to whoever asks, from any place in the text, on any machine; what a
//! dead owner left is picked up by [`takeover`]. [`aside`] is the exchange of which nothing is kept.

pub mod incoming;
pub mod receive;
pub mod history;
pub mod continuation;
pub mod words;
pub mod recall;
pub mod window_cache;
pub mod pictures;
pub mod context;
pub mod prompt;
pub mod draft;
pub mod signals;
pub mod writer;
pub mod attempt;
pub mod recall_mode;
pub mod live;
pub mod lookout;
pub mod follow;
pub mod takeover;
pub mod aside;
pub mod summary;

#[cfg(test)]
mod tests;
