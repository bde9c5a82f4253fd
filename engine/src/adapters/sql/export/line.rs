//! How a row is written as a line, and read back. The same row gives the same bytes everywhere.

use super::tables::{Kind, Table};
use crate::adapters::sql::query::{Row, Value};
use crate::ports::error::Stored;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Write as _;

pub const FORMAT: i64 = 1;

/// What is no row. An unknown field is damage: this program wrote the format it reads.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: i64,
    pub schema: i64,
    pub made_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    pub end: String,
    pub rows: u64,
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    pub done: Totals,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    pub tables: u64,
    pub rows: u64,
    pub sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowLine<'a> {
    t: &'a str,
    #[serde(borrow)]
    r: HashMap<&'a str, serde_json::Value>,
}

/// Without the line's end. Written by hand, so that columns keep the table's order.
pub fn write_row(table: &str, columns: &[(&str, Kind)], row: &Row) -> Stored<String> {
    let mut line = format!("{{\"t\":\"{table}\",\"r\":{{");
    for (place, (name, kind)) in columns.iter().enumerate() {
        let value = match kind {
            Kind::Bytes => row.get::<Option<Vec<u8>>>(name)?.map(|bytes| STANDARD.encode(bytes).into()),
            Kind::Int => row.get::<Option<i64>>(name)?.map(serde_json::Value::from),
            Kind::Text => row.get::<Option<String>>(name)?.map(serde_json::Value::from),
        };
        let comma = if place == 0 { "" } else { "," };
        write!(line, "{comma}\"{name}\":{}", value.unwrap_or(serde_json::Value::Null))
            .expect("writing to a string cannot fail");
    }
    line.push_str("}}");
    Ok(line)
}

/// The statement that writes the row of this line; the reason where it is no row of this table.
pub fn read_row(table: &Table, line: &str) -> Result<Vec<Value>, String> {
    let mut row: RowLine<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if row.t != table.name {
        return Err(format!("a row of {} among those of {}", row.t, table.name));
    }
    let mut values = Vec::with_capacity(table.columns.len());
    for (name, kind) in table.columns {
        let value = row.r.remove(name).ok_or_else(|| format!("column {name} is missing"))?;
        values.push(read_value(*kind, value).ok_or_else(|| format!("column {name} is of another kind"))?);
    }
    match row.r.keys().next() {
        Some(unknown) => Err(format!("column {unknown} is unknown")),
        None => Ok(values),
    }
}

fn read_value(kind: Kind, value: serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    match (kind, value) {
        (Kind::Bytes, Json::Null) => Some(Value::Bytes(None)),
        (Kind::Bytes, Json::String(text)) => STANDARD.decode(text).ok().map(Value::from),
        (Kind::Int, Json::Null) => Some(Value::Int(None)),
        (Kind::Int, Json::Number(number)) => number.as_i64().map(Value::from),
        (Kind::Text, Json::Null) => Some(Value::Text(None)),
        (Kind::Text, Json::String(text)) => Some(Value::from(text)),
        _ => None,
    }
}
