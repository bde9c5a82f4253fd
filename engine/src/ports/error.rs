//! What can go wrong with the Store, by what the caller can do about it.

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nobody answers, or not in time: try again later.
    #[error("the store cannot be reached: {reason}")]
    Unavailable {
        reason: String,
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Something with that id or name is there already, and it is not the same.
    #[error("{what} is taken")]
    Conflict { what: &'static str },
    /// Somebody else owns this now; whatever was to be written is void.
    #[error("another owner has taken over {what}")]
    Fenced { what: &'static str },
    /// A limit the owner set is reached.
    #[error("{what} is over its limit")]
    OverQuota { what: &'static str },
    /// The disk is full; nothing of this write was kept.
    #[error("the disk is full")]
    DiskFull,
    #[error("the store is read-only: {reason}")]
    ReadOnly { reason: String },
    /// The file is not what it should be. It is left as it was.
    #[error("the store is damaged: {reason}")]
    Corrupt { reason: String },
    /// This file or place may not serve as the store at all; it is left as it was.
    #[error("the store is refused: {reason}")]
    Refused { reason: String },
    /// Written by a newer version; this one must not touch it.
    #[error(
        "{place} needs a newer WhisperEngine: its schema asks for version {min_reader} or newer, this program knows {known}"
    )]
    TooNew { place: String, min_reader: i64, known: i64 },
    /// The schema is older and this process may not migrate.
    #[error("{place} has schema {found}, this program needs {needed}: run `whisperengine migrate`")]
    TooOld { place: String, found: i64, needed: i64 },
    /// A statement failed in a way nobody foresaw: a mistake of ours.
    #[error("a statement failed: {reason}")]
    Internal {
        reason: String,
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

pub type Stored<T> = Result<T, StoreError>;
