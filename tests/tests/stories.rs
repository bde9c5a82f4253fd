//! Stories: the real program, seen from outside, and the rules its source keeps.

mod architecture;
mod config;
mod on_postgres;
mod the_box;
