//! People: from an empty box to its owner, from an invitation to a person, and the keys they make.

pub mod accounts;
pub mod keys;
pub mod recovery;
pub mod sign_in;
pub mod steps;
