//! A box that goes: it says what it takes along, takes exactly that, and leaves what is somebody else's.

mod another_engine;
mod asked;
mod everything;
mod records;
mod terminal;
