//! Moves a whole store into an empty one of either kind: an export that is imported as it is written.
//!
//! The source is only read, from one snapshot: what is written into it after the start stays behind, so
//! whoever moves for good stops the engines first.

use super::dump::{Manifest, export};
use super::failure::MoveError;
use super::load::{MoveProgress, import};
use crate::adapters::sql::store::SqlStore;
use tokio::io::{AsyncWriteExt as _, BufReader};

/// Bytes on their way between the two.
const UNDER_WAY: usize = 1024 * 1024;

/// What is now in both, counted and checked.
pub type MoveReport = Manifest;

pub async fn move_store(
    source: &SqlStore,
    target: &SqlStore,
    progress: impl FnMut(MoveProgress) + Send,
) -> Result<MoveReport, MoveError> {
    let (mut there, here) = tokio::io::duplex(UNDER_WAY);
    let reading = async move {
        let manifest = export(source, &mut there).await?;
        there.shutdown().await?;
        Ok::<_, MoveError>(manifest)
    };
    let writing = async move { import(target, &mut BufReader::new(here), progress).await };
    match tokio::join!(reading, writing) {
        // A broken pipe or an early end only says that the other side has failed.
        (Err(cause @ (MoveError::Store(_) | MoveError::OtherSchema { .. })), _) | (_, Err(cause)) => {
            Err(cause)
        }
        (Err(cause), Ok(_)) => Err(cause),
        (Ok(read), Ok(written)) => match read.difference(&written) {
            Some(table) => Err(MoveError::Differs { table }),
            None => Ok(written),
        },
    }
}
