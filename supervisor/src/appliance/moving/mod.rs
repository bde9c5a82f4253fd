//! Moving the Store while the box runs: from its own file into a PostgreSQL of its own, or back.
//!
//! `wish` is the owner's word and the job it begins. `prepare` brings up all that is needed, and the companion goes on
//! talking. Then the engine lets go, and `carry` copies and compares everything; one file says where the Store is from
//! then on, and the box starts again there. Whatever fails or is killed before that file is written (`failed`) leaves
//! the Store where it was.

mod carry;
mod failed;
mod prepare;
pub mod wish;
