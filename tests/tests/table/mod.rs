//! Who may see what, asked of the real box: every address it has, as everybody who could ask.
//!
//! Nothing here lists routes. The engine's are the contract's own list; the listener's are compiled from the
//! file that its router is made of. `contract` and `pages` have a case for each, and do not compile without.

#[path = "../../../web/src/public/addresses.rs"]
mod addresses;
mod contract;
mod leaving;
mod pages;
mod world;
