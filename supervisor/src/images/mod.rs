//! How a service comes by its image: present, out of a bundle, from its registry, or made here. Nothing runs that is not
//! what was agreed on.

pub mod build;
pub mod bundle;
pub mod closure;
pub mod espeak;
pub mod fetch;
pub mod own;
pub mod pack;
pub mod room;
