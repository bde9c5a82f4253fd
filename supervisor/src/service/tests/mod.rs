//! The units as text, and the flows over a recorded service manager.

mod stage;

mod rendering;
mod accounts;
mod on_systemd;
mod removal_on_systemd;
mod on_launchd;
mod on_windows;
