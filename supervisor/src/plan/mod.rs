//! Which services the box runs in containers, and how each is made. Pure: what the owner wants, what the machine
//! has and what the container engine can go in, a list of containers comes out.
//!
//! `make` decides which, `services` holds how each is made, `planned` is the shape of one. Nothing here talks to a
//! container engine, and nothing here is secret: passwords are files that `services::secrets` writes.

pub mod make;
pub mod planned;
pub mod recipes;

#[cfg(test)]
mod tests;
