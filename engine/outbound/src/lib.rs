//! The guarded HTTP client: every outbound request of the box goes through here.
//!
//! In goes a request with one parsed URL, its limits and the owner's list of local origins; out
//! comes a response whose body is bounded in size and time, or an error that says what the caller
//! can do. Addresses that are not public are refused where the connection is made, at every hop of
//! a redirect, unless the owner listed the origin. No cookies, no proxies, no decompression.

pub mod address;
pub mod allow;
pub mod client;
pub mod error;
mod guard;
pub mod request;
pub mod resolve;
pub mod response;
mod tls;

#[cfg(test)]
mod tests;
