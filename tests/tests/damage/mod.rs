//! Databases and disks that are not as they should be: named, left as they were, nothing lost.

mod file;
mod full_disk;
pub mod mount;
mod read_only;
mod schema;
