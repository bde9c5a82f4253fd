//! A live session: sound goes up while it is spoken, words come down while it still goes on.
//!
//! Inside it is one HTTP exchange, [`exchange`]; [`wire`] is what is said in it. [`lasting`] is a session for whoever wants
//! to know nothing of services that come and go.

pub mod exchange;
pub mod kept;
pub mod lasting;
pub mod wire;

#[cfg(test)]
mod tests;
