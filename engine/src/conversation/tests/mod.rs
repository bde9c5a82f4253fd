//! Tests that span this folder, and the small world that they and the tests beside the code share.

pub mod world;

mod late_readers;
