//! The harness: what the stories need to run the real program and its neighbours.
//!
//! In goes what `scripts/test` exports (the built binary, a PostgreSQL and a Redis server), out come
//! processes, databases and ports that belong to one test and are gone after it. Nothing here looks
//! inside the program: a story sees what a user sees.

pub mod bench;
pub mod binary;
pub mod browser;
pub mod built;
pub mod chance;
pub mod daemon;
pub mod engine;
pub mod engines;
pub mod free_port;
pub mod house;
pub mod http;
pub mod https;
pub mod model_server;
pub mod mount;
pub mod owner;
pub mod piper;
pub mod process;
pub mod process_tree;
pub mod python;
pub mod reader;
pub mod services;
pub mod skip;
pub mod soak;
pub mod speech;
pub mod stores;
pub mod talk;
pub mod visitor;
pub mod wait;
pub mod yard;
