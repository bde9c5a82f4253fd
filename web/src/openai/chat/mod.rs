//! `/v1/chat/completions`: one exchange, whole or as it is written.
//!
//! `request` reads what a client asks, `answer` makes it a turn with a companion, `reply` follows that
//! turn and stops it when the client leaves, `direct` passes it to a model without a companion, `frames`
//! writes both forms of the answer.

pub mod answer;
pub mod direct;
pub mod frames;
pub mod reply;
pub mod request;
