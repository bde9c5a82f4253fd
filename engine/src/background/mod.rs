//! Work beside the turns: jobs under leases, and what is swept from time to time.

pub mod runner;
pub use runner::Background;
