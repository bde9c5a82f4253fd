//! Services in containers, on a container engine that fails on command: what is served stays whole, and comes back.
//!
//! `scene` is a box beside its engine; `faults` has one story for each fault of the register, `bring_up` and
//! `coming_back` the good and the broken course of things, `kills` ends the box at every step, `by_hand` is what
//! people do to containers behind its back, `images` is how images come.

mod by_hand;
mod coming_back;
mod faults;
mod images;
mod kills;
mod register;
mod scene;
