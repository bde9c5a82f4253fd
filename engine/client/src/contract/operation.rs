//! What is said about a route.

use http::Method;
use schemars::{Schema, SchemaGenerator};

/// Whom a route serves. The public listener lets nobody come this far without a key, whoever it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Also somebody who has yet to prove who they are.
    Anyone,
    /// Whoever lives here. What is somebody's own is there for nobody else.
    Resident,
    /// The owner of the box, and whoever sits at its terminal.
    Owner,
    /// Only whoever sits at the box's terminal.
    Operator,
}

/// What a request or an answer carries.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    Nothing,
    Json(SchemaOf),
    /// Bytes as they are.
    File,
    /// Server-sent events.
    Events,
}

pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

#[derive(Clone, Debug)]
pub struct Description {
    pub method: Method,
    /// With `{id}` where an id stands.
    pub path: &'static str,
    pub who: Who,
    /// One line each, the first of them the summary.
    pub doc: &'static [&'static str],
    /// An object whose fields are the parameters.
    pub query: Option<SchemaOf>,
    pub takes: Content,
    /// Where all goes well: the usual one first.
    pub status: &'static [u16],
    pub gives: Content,
}
