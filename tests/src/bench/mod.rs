//! What `scripts/bench` measures: the real program, beside the targets it has to meet.
//!
//! In goes the built program (release), out comes a [`report::Report`] of figures, each with its target
//! and with what was seen on the way. Everything goes through the doors that users have: the command
//! line, `/health`, the contract over the control socket, and `/proc` for what the program takes of
//! the machine. Nothing here compares with an earlier run; the targets are the design's.

pub mod report;
pub mod samples;
pub mod prose;
pub mod resources;
pub mod subject;
pub mod model_thread;
pub mod exchange;
pub mod side_by_side;
pub mod start;
pub mod rest;
pub mod chat;
pub mod containers;
pub mod system;
pub mod moving;
pub mod long_house;
pub mod long_conversation;
pub mod pages;
pub mod page_weight;
pub mod waiting_pages;
pub mod vector_scan;
