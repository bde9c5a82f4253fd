//! Services in containers, on a container engine that fails on command: what is served stays whole, and comes back.
//!
//! `scene` is a box beside its engine; `faults` has one story for each fault of the register (`register`
//! reads it), `coming_back` is the course of things, `kills` ends the box at every step, `endurance` ends whatever it likes, `by_hand` is what
//! people do to containers behind its back, `graphics` hands cards over, `images` is how images come, `manners` what is asked of an engine at all, `moving` carries the Store into a container and back, `voice` listens and speaks in one.

mod by_hand;
mod coming_back;
mod endurance;
mod faults;
mod graphics;
pub mod figures;
mod images;
mod kills;
mod manners;
mod moving;
mod register;
mod room;
pub mod scene;
mod spoken;
mod voice;
