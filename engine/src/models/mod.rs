//! Which model is asked, when it is asked again, and when the next one is.
//!
//! In go the stored connections and what became of each attempt, out comes the next step. The turn
//! drives: it makes every attempt itself and writes its ledger entry. No HTTP, no waiting here.
//!
//! Read in this order: one connection's health, when trying again makes sense, the chain over all
//! of them, and the pool that keeps health between turns. `offered` says what can be asked for by name, `direct` asks one
//! model and keeps nothing, `embed` asks one for vectors, `scan` finds servers on this machine that could be
//! connected.

pub mod breaker;
pub mod chain;
pub mod desk;
pub mod direct;
pub mod embed;
pub mod offered;
pub mod pool;
pub mod retry;
pub mod scan;

#[cfg(test)]
pub(crate) mod tests;
