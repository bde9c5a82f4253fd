//! What must not be read by others: sealed credentials, password hashes, random secrets.
//!
//! Pure but for the `Clock` port, which gives the randomness. Where the master key comes from and where
//! the results are kept is not decided here.

pub mod password;
pub mod token;
pub mod vault;
