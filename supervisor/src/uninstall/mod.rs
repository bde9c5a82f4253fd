//! How a box goes: what it has anywhere is found first, shown, and then removed.
//!
//! `found` looks and changes nothing; `removal` removes what was found, in an order in which a removal that was cut off
//! can be begun again. Nothing without this box's label, and nothing in the data directory that the box did not
//! make, is touched.

pub mod found;
pub mod removal;
