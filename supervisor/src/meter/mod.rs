//! What the box and its services take: memory, processors, disk. For the system page.
//!
//! Counted by tasks of their own, and only while somebody looks: a page is handed the last figures and waits for none.
//! `watch` keeps the rounds, `own` looks at this process, its control group and the machine, `folders` at the data
//! directory. Figures that nobody could take are missing.

pub mod watch;

pub mod folders;
pub mod own;
