//! Small images for the tests, made of this machine's own programs: no network, a second or two.
//!
//! Out comes the path of an archive that `docker load` takes on every engine. It is kept under
//! `target/test-images`, named by the sum of all that went into it, so a changed program or script
//! makes a new one.

pub mod root_filesystem;
pub mod archive;
pub mod redis;
pub mod postgres;
pub mod misbehaving;
pub mod moody;
pub mod builder;
