//! A model server in OpenAI's shape that does what a test tells it to: answer, hold, break, lie.
//!
//! In goes a `Script` for each request, queued or by default; out come real HTTP answers on a free
//! loopback port, and a record of what was asked and who left early. It runs on the test's own
//! runtime and is gone, with all its connections, when it is dropped. It thinks nothing: the words
//! are the script's, the vectors are counted words.

mod embeddings;
mod play;
pub mod script;
pub mod server;

#[cfg(test)]
mod tests;
