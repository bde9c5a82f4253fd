//! The Store in SQL: shared statements, once, through one thin adapter.
//!
//! `query` builds a statement and reads rows, `db` runs them on either database, `failure` says what
//! went wrong in the Store's words, `kinds` how states are written; `store` opens the whole, `migrate`
//! brings its schema up to date, `snapshot` reads one moment of it and `export` takes it elsewhere; then
//! one file per aggregate. Ids are 16-byte blobs, times BIGINT
//! microseconds, flags BIGINT, so the same statement serves SQLite and PostgreSQL. What differs (full
//! text, locks, table definitions) lives in `adapters/sqlite` and `adapters/postgres`.

#[cfg(test)]
#[macro_use]
mod suite;

pub mod db;
pub mod failure;
mod kinds;
pub mod query;

pub mod migrate;
mod migrations;
pub mod snapshot;
pub mod store;

pub mod export;

mod access;
mod attachments;
mod belongings;
mod companions;
mod connections;
mod conversations;
mod erasure;
mod jobs;
mod leases;
mod ledger;
mod memories;
mod messages;
mod outbox;
mod people;
mod removals;
mod settings;
mod turns;
mod vectors;
