//! One file per repair. Each may be done twice, and says in a sentence what it did; whether it helped is seen by
//! looking again.

pub mod try_again;
pub mod look_again;
pub mod trust_image;
pub mod reset_images;
pub mod begin_empty;
pub mod go_without;
pub mod close_directory;
pub mod remove_leftovers;
