//! A statement with its arguments, and a row with its columns, without saying which database.

use super::failure::corrupt_column;
use crate::domain::time::Timestamp;
use crate::ports::error::Stored;
use sqlx::Row as _;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use std::borrow::Cow;
use uuid::Uuid;

/// A statement to run. Every value is bound, never written into the text.
#[derive(Debug)]
pub struct Query {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// Starts a statement that both databases understand: `$1`, `$2` …, `RETURNING`, `ON CONFLICT`.
pub fn sql(text: &'static str) -> Query {
    Query { text: Cow::Borrowed(text), values: Vec::new() }
}

/// Starts a statement put together from our own fragments; values still go through `bind`.
pub fn assembled(text: String) -> Query {
    Query { text: Cow::Owned(text), values: Vec::new() }
}

/// The driver's statement with every value bound; the drivers' types share no trait that could say it.
macro_rules! bound {
    ($query:ident) => {{
        let text = sqlx::AssertSqlSafe($query.text);
        $query.values.into_iter().fold(sqlx::query(text), |query, value| match value {
            Value::Bytes(value) => query.bind(value),
            Value::Int(value) => query.bind(value),
            Value::Real(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
        })
    }};
}

/// `$3, $4, $5`: places for so many values, numbered from `first` on.
pub fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|place| format!("${place}")).collect();
    places.join(", ")
}

impl Query {
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Several statements as one text, for a database that takes them so. The values of each are
    /// numbered on from those before.
    pub(crate) fn joined(queries: Vec<Self>) -> Self {
        let (mut text, mut values) = (String::new(), Vec::new());
        for query in queries {
            let mut pieces = query.text.split('$');
            text.push_str(pieces.next().unwrap_or_default());
            for piece in pieces {
                let number = piece.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = piece.split_at(number);
                text.push('$');
                // Any other dollar is no place for a value.
                if let Ok(number) = number.parse::<usize>() {
                    text.push_str(&(number + values.len()).to_string());
                }
                text.push_str(rest);
            }
            text.push_str(";\n");
            values.extend(query.values);
        }
        Self { text: Cow::Owned(text), values }
    }

    pub(crate) fn for_sqlite(self) -> sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments> {
        bound!(self)
    }

    pub(super) fn for_postgres(self) -> sqlx::query::Query<'static, sqlx::Postgres, PgArguments> {
        bound!(self)
    }
}

/// A value in one of the four portable column types. `None` is NULL of that type: PostgreSQL asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bytes(Option<Vec<u8>>),
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
}

macro_rules! value_from {
    ($($variant:ident: $($from:ty => $how:expr),+;)+) => {$($(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                let how: fn($from) -> _ = $how;
                Self::$variant(Some(how(value)))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                let how: fn($from) -> _ = $how;
                Self::$variant(value.map(how))
            }
        }
    )+)+};
}

value_from! {
    Bytes: Vec<u8> => |v| v, &[u8] => <[u8]>::to_vec, [u8; 32] => |v| v.to_vec(), Uuid => |v| v.as_bytes().to_vec();
    Int: i64 => |v| v, bool => i64::from, Timestamp => |v| v.0;
    Real: f64 => |v| v;
    Text: String => storable, &str => |v| storable(v.to_owned()), &String => |v| storable(v.clone());
}

/// Text as both databases can hold it: PostgreSQL knows no NUL, so it becomes SUBSTITUTE, which is
/// the character for just that and as long, so that offsets stay true.
pub fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{1a}") } else { text }
}

macro_rules! ids_are_values {
    ($($id:ident),+) => {$(
        impl From<crate::domain::ids::$id> for Value {
            fn from(id: crate::domain::ids::$id) -> Self { Self::from(id.0) }
        }
        impl From<Option<crate::domain::ids::$id>> for Value {
            fn from(id: Option<crate::domain::ids::$id>) -> Self { Self::from(id.map(|id| id.0)) }
        }
        impl Column for crate::domain::ids::$id {
            fn read(row: &Row, name: &str) -> Stored<Self> { Uuid::read(row, name).map(Self) }
        }
        impl Column for Option<crate::domain::ids::$id> {
            fn read(row: &Row, name: &str) -> Stored<Self> {
                Ok(Option::<Uuid>::read(row, name)?.map(crate::domain::ids::$id))
            }
        }
    )+};
}

ids_are_values!(
    TenantId,
    PersonId,
    IdentityId,
    CompanionId,
    ConversationId,
    MessageId,
    TurnId,
    AttachmentId,
    MemoryId,
    ConnectionId,
    KeyId,
    SessionId,
    JobId,
    UsageId,
    AuditId,
    OutboxId
);

pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The column of that name; `Corrupt` where it holds something else.
    pub fn get<T: Column>(&self, name: &str) -> Stored<T> {
        T::read(self, name)
    }
}

/// A type that can be read from a column.
pub trait Column: Sized {
    fn read(row: &Row, name: &str) -> Stored<Self>;
}

macro_rules! columns {
    ($($type:ty),+) => {$(
        impl Column for $type {
            fn read(row: &Row, name: &str) -> Stored<Self> {
                match row {
                    Row::Sqlite(row) => row.try_get(name),
                    Row::Postgres(row) => row.try_get(name),
                }
                .map_err(|error| corrupt_column(name, &error))
            }
        }
    )+};
}

columns!(i64, f64, String, Vec<u8>, Option<i64>, Option<f64>, Option<String>, Option<Vec<u8>>);

impl Column for bool {
    fn read(row: &Row, name: &str) -> Stored<Self> {
        Ok(i64::read(row, name)? != 0)
    }
}

impl Column for Timestamp {
    fn read(row: &Row, name: &str) -> Stored<Self> {
        i64::read(row, name).map(Timestamp)
    }
}

impl Column for Option<Timestamp> {
    fn read(row: &Row, name: &str) -> Stored<Self> {
        Ok(Option::<i64>::read(row, name)?.map(Timestamp))
    }
}

impl Column for Uuid {
    fn read(row: &Row, name: &str) -> Stored<Self> {
        Self::from_slice(&Vec::<u8>::read(row, name)?).map_err(|error| corrupt_column(name, &error))
    }
}

impl Column for Option<Uuid> {
    fn read(row: &Row, name: &str) -> Stored<Self> {
        let bytes = Option::<Vec<u8>>::read(row, name)?;
        bytes.map(|b| Uuid::from_slice(&b).map_err(|error| corrupt_column(name, &error))).transpose()
    }
}

impl Column for [u8; 32] {
    fn read(row: &Row, name: &str) -> Stored<Self> {
        let bytes = Vec::<u8>::read(row, name)?;
        <[u8; 32]>::try_from(bytes.as_slice()).map_err(|error| corrupt_column(name, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_statements_number_their_values_on() {
        let first = sql("UPDATE a SET b = $2 WHERE c = $1").bind(1).bind("x");
        let second = sql("SELECT d -> '$.e' FROM a WHERE f IN ($1, $1, $2)").bind(2).bind(3);
        let joined = Query::joined(vec![first, second]);
        assert_eq!(
            joined.text,
            "UPDATE a SET b = $2 WHERE c = $1;\nSELECT d -> '$.e' FROM a WHERE f IN ($3, $3, $4);\n"
        );
        assert_eq!(joined.values, [1.into(), "x".into(), 2.into(), 3.into()]);
    }
}
