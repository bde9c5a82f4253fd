//! Turns in SQL. Every write of an owner names its fence, so one that was overtaken changes nothing.
//!
//! The partial reply lives in the turn's row and in no index; the reply becomes a message only when the
//! turn is finished, and the message alone holds the words. Then both it and what it answers can be
//! found: nobody waits for an index to take in their question.

mod store;
mod accept;
mod rows;
