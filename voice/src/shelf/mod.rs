//! The models that are there. One folder for each kind, one file for each model; its name without the ending is the
//! model's. What lies there was put there by the box's owner, or by a download that was checked.

pub mod proof;
pub mod models;
pub mod arrival;
