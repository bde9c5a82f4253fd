//! The register, row by row: each raised from a snapshot, each repair tried on a ground that behaves like the box.

mod bench;
mod registry;
mod repairs;
