//! What the databases say when they fail, in the Store's words.

use crate::ports::error::StoreError;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// Translates by what the caller can do about it; the driver's error stays as the source.
pub fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(ref database) => {
            let reason = database.message().to_owned();
            match class(database.as_ref()) {
                Class::Conflict => StoreError::Conflict { what: "this entry" },
                Class::DiskFull => StoreError::DiskFull,
                Class::ReadOnly => StoreError::ReadOnly { reason },
                Class::Corrupt => StoreError::Corrupt { reason },
                Class::Unavailable => StoreError::Unavailable { reason, source: Some(Box::new(error)) },
                Class::Other => StoreError::Internal { reason, source: Some(Box::new(error)) },
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => {
            StoreError::Unavailable { reason: error.to_string(), source: Some(Box::new(error)) }
        }
        other => StoreError::Internal { reason: other.to_string(), source: Some(Box::new(other)) },
    }
}

impl StoreError {
    /// Puts the place (a file, a server) in front of the reason.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        let named = |reason: String| format!("{place}: {reason}");
        match self {
            Self::Unavailable { reason, source } => Self::Unavailable { reason: named(reason), source },
            Self::ReadOnly { reason } => Self::ReadOnly { reason: named(reason) },
            Self::Corrupt { reason } => Self::Corrupt { reason: named(reason) },
            Self::Refused { reason } => Self::Refused { reason: named(reason) },
            Self::Internal { reason, source } => Self::Internal { reason: named(reason), source },
            Self::TooNew { min_reader, known, .. } => {
                Self::TooNew { place: place.to_owned(), min_reader, known }
            }
            Self::TooOld { found, needed, .. } => Self::TooOld { place: place.to_owned(), found, needed },
            other => other,
        }
    }

    /// Names what is taken, where this is a conflict; the database only knows an index.
    #[must_use]
    pub fn taken(self, what: &'static str) -> Self {
        match self {
            Self::Conflict { .. } => Self::Conflict { what },
            other => other,
        }
    }
}

pub(super) fn corrupt_column(name: &str, error: &dyn std::error::Error) -> StoreError {
    StoreError::Corrupt { reason: format!("column {name}: {error}") }
}

enum Class {
    Conflict,
    DiskFull,
    ReadOnly,
    Corrupt,
    Unavailable,
    Other,
}

fn class(error: &dyn DatabaseError) -> Class {
    if error.is_unique_violation() {
        return Class::Conflict;
    }
    let code = error.code().unwrap_or_default();
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(_) => postgres_class(&code),
        None => sqlite_class(&code),
    }
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres_class(code: &str) -> Class {
    match code {
        "53100" => Class::DiskFull,
        // A read-only server or session; a role that may not write.
        "25006" | "42501" => Class::ReadOnly,
        "XX001" | "XX002" => Class::Corrupt,
        // Connection trouble, no resources, shutting down, starting up, serialisation, deadlock, lock timeout.
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57") => {
            Class::Unavailable
        }
        "40001" | "40P01" | "55P03" => Class::Unavailable,
        _ => Class::Other,
    }
}

/// By primary result code, the low byte of the extended one: <https://www.sqlite.org/rescode.html>.
fn sqlite_class(code: &str) -> Class {
    match code.parse::<i32>().map_or(0, |code| code & 0xff) {
        13 => Class::DiskFull,
        8 => Class::ReadOnly,
        11 | 26 => Class::Corrupt,
        // busy, locked, out of memory, interrupted, I/O error, cannot open
        5 | 6 | 7 | 9 | 10 | 14 => Class::Unavailable,
        _ => Class::Other,
    }
}
