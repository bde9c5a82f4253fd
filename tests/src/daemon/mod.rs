//! A container engine that does as it is told: it speaks Docker's HTTP API over a socket, keeps an honest account of
//! containers, images, networks and volumes, and can refuse, stall, cut or lie on command.
//!
//! In go calls of the program under test and words of a story (`engine`), out come answers as Docker gives them and a
//! record of every call. What runs in its containers are real processes of this machine: `redis-server`, `postgres` and
//! the program under test, with the settings and secrets that they were given. There is no isolation: nothing here is
//! what a container is, only what it looks like through the API.
//!
//! `engine` is the story's side, `script` what it may order, `door` takes calls, `api` does what they say, `stock` is
//! what there is, `process` begins and ends what is in containers, `programs` says what that is, `news` tells of it.

pub mod engine;
pub mod script;

mod api;
mod door;
mod news;
mod process;
mod programs;
mod shared;
mod stock;
