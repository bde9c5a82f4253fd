//! One transport around two, over real sockets: what a caller gets while the preferred service is killed, hangs, or is not
//! the one that was meant.
//!
//! `service` is shaped like speech: a long recording goes in and a text comes out, or a text goes in and a long sound comes
//! out. `child` runs it in a process of its own, `world` puts one before another that stands by in this process.

mod child;
mod service;
mod world;

mod breaking;
mod crowd;
mod keeping;
mod leaving;
