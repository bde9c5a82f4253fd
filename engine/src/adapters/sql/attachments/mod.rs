//! Files in SQL: once per tenant and content, in chunks, under a quota.
//!
//! An upload writes its chunks in small transactions of their own, so nobody waits behind 25 MiB; what
//! it wrote becomes a blob, under the same id, in the one transaction that makes the attachment visible.
//! `store` is that, `read` is the way back, `rows` is everything short.

mod read;
pub(super) mod rows;
mod store;
