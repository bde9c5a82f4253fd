//! Real container engines of a test's own, the images they run, and a registry to pull from.
//!
//! In goes what Debian packages brought to this machine, out come a private daemon on a socket in a
//! temporary folder, archives that it loads without any network, and a registry on a loopback port
//! with a wire that can be cut. Nothing of it outlives its test, and nothing of another daemon on
//! this machine is touched.

pub mod kind;
pub mod container_engine;
pub mod docker;
pub mod podman;
pub mod address_pool;
pub mod leavings;
pub mod images;
pub mod registry;
pub mod wire;
pub mod outside;
