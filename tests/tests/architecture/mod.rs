//! The shape of the code, held by tests: who may depend on whom, what each room may name, how files
//! look. Every rule is a function from source to a list of violations, and each is tried on a sample
//! that breaks it, so that it is known to be able to fail.

mod edges;
mod files;
mod log_fields;
mod rooms;
mod routes;
mod security_tests;
mod source;
mod sql;
