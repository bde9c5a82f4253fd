//! TLS of the public listener: where its certificate comes from and how it stays good.
//!
//! `keeper` is the way in: it has a certificate at the start and replaces it while the box runs. With `self`
//! it comes from the box's own `authority`, for the `names` this machine goes by; with `files` it is the
//! owner's, read by `files`. `validity` tells when a certificate begins and ends.

pub mod keeper;

pub mod authority;
pub mod names;

pub mod files;

pub mod validity;
