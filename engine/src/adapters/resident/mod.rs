//! The vector index inside this process: an exact scan over one owner's vectors.
//!
//! `index` keeps the owners in use resident and loads them from `VectorRows`, where the truth is;
//! `arena` is one owner, `block` one scope of that owner. A scan compares whole-number codes
//! (`codes`), which say how wrong they can be, and asks the floats only where that matters, so the
//! answer is the one a scan in double precision gives. `kernel` is the arithmetic, fitted to the CPU.

mod arena;
mod block;
mod codes;
pub mod index;
mod kernel;

#[cfg(test)]
mod tests;
