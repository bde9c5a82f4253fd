//! Why an export, an import or a move came to nothing, by what its caller can do.

use crate::ports::error::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stream on the other side: a disk, a pipe.
    #[error("the export cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// Only an empty store takes an import; this one is left as it was.
    #[error("the target is not empty: there is something in {table}")]
    NotEmpty { table: &'static str },
    #[error("the export has format {found}, this program reads {known}")]
    OtherFormat { found: i64, known: i64 },
    #[error(
        "the export has schema {found}, this program writes {known}: use the version that made it, then update"
    )]
    OtherSchema { found: i64, known: i64 },
    /// Not what was written: cut, changed, or something else altogether. Nothing of it was kept.
    #[error("the export is damaged at line {line}: {reason}")]
    Damaged { line: u64, reason: String },
    /// What was written into the target does not read back as the same.
    #[error("the copy of {table} is not the same as the original")]
    Differs { table: &'static str },
}
