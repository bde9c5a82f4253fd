//! People: from an empty box to its owner, from an invitation to a person, the keys they make, and how they
//! like their pages; and everything of theirs, taken along or away.

pub mod accounts;
pub mod appearance;
pub mod erasure;
pub mod export;
pub mod keys;
pub mod recovery;
pub mod sign_in;
pub mod steps;
pub mod tries;
