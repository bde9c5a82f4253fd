//! The HTTP contract, the only door in. It speaks as OpenAI's audio interface does, so that what is sent to the box can be
//! passed through as it came; errors are problem documents, which the edge turns into OpenAI's.

pub mod router;
mod formats;
mod guard;
mod live;
mod problem;
mod ready;
mod speech;
mod streamed;
mod transcriptions;

#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod tests;
