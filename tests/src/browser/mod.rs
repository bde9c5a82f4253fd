//! A real Chromium, driven as a person drives it.
//!
//! In goes what somebody does (open, click, type, a narrow screen, a dark room), out comes what they see,
//! what the console complained about and what was asked of whom. The protocol is W3C `WebDriver`, spoken to
//! Debian's `chromedriver` over the harness's own HTTP: a client crate would bring a second HTTP stack for
//! a dozen JSON calls. Each browser has a profile and processes of its own and is gone when it is dropped.

pub mod barriers;
pub mod driver;
pub mod files;
pub mod looks;
pub mod place;
pub mod verdict;
pub mod window;
