//! Sound as it was brought: a little of it stays in memory, more goes into a file without a name while it comes.
//!
//! What is in memory is counted over everybody who brings some or waits, and more is not taken in.

use bytes::Bytes;
use engine_client::transport::spool::nameless;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use symphonia::core::io::MediaSource;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use voice_client::contract::LARGEST_SOUND;

/// More of one piece of sound is not kept in memory.
const IN_MEMORY: usize = 1 << 20;
/// And of all of them together not more than this.
const ALL: usize = 64 << 20;

/// A piece of sound that can be read from its beginning.
#[derive(Debug)]
pub struct Sound(Held);

#[derive(Debug)]
enum Held {
    InMemory { bytes: Cursor<Bytes>, _room: Option<OwnedSemaphorePermit> },
    InFile(File),
}

/// Where sound is kept while it comes and waits.
#[derive(Clone)]
pub struct Keeping {
    folder: Arc<Path>,
    room: Arc<Semaphore>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error("at most {} MiB of sound are taken at once", LARGEST_SOUND >> 20)]
    TooLarge,
    #[error("so much sound is waiting already that there is no room for more; send it again in a moment")]
    Full,
    #[error("it cannot be kept: {0}")]
    Failed(#[from] io::Error),
}

/// One piece of sound while it comes.
pub struct Coming {
    keeping: Keeping,
    memory: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
    file: Option<tokio::fs::File>,
    length: usize,
}

impl Keeping {
    pub fn at(folder: PathBuf) -> Self {
        Self { folder: folder.into(), room: Arc::new(Semaphore::new(ALL)) }
    }

    pub fn begin(&self) -> Coming {
        Coming { keeping: self.clone(), memory: Vec::new(), room: None, file: None, length: 0 }
    }
}

impl Coming {
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), KeepError> {
        self.length += piece.len();
        if self.length > LARGEST_SOUND {
            return Err(KeepError::TooLarge);
        }
        if self.file.is_none() && self.length <= IN_MEMORY {
            return self.remember(piece);
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tokio::fs::File::from_std(nameless(&self.keeping.folder)?)),
        };
        if !self.memory.is_empty() {
            file.write_all(&std::mem::take(&mut self.memory)).await?;
            self.room = None;
        }
        Ok(file.write_all(piece).await?)
    }

    pub async fn end(self) -> Result<Sound, KeepError> {
        let Some(mut file) = self.file else {
            let bytes = Cursor::new(self.memory.into());
            return Ok(Sound(Held::InMemory { bytes, _room: self.room }));
        };
        file.flush().await?;
        let mut file = file.into_std().await;
        file.rewind()?;
        Ok(Sound(Held::InFile(file)))
    }

    fn remember(&mut self, piece: &[u8]) -> Result<(), KeepError> {
        let wanted = u32::try_from(piece.len()).expect("a piece of a mebibyte at most");
        let more = Arc::clone(&self.keeping.room).try_acquire_many_owned(wanted);
        let more = more.map_err(|_| KeepError::Full)?;
        match &mut self.room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        self.memory.extend_from_slice(piece);
        Ok(())
    }
}

/// Of whoever has it in memory anyway.
impl<T: Into<Bytes>> From<T> for Sound {
    fn from(bytes: T) -> Self {
        Self(Held::InMemory { bytes: Cursor::new(bytes.into()), _room: None })
    }
}

impl Read for Sound {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Held::InMemory { bytes, .. } => bytes.read(into),
            Held::InFile(file) => file.read(into),
        }
    }
}

impl Seek for Sound {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            Held::InMemory { bytes, .. } => bytes.seek(to),
            Held::InFile(file) => file.seek(to),
        }
    }
}

impl MediaSource for Sound {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        match &self.0 {
            Held::InMemory { bytes, .. } => Some(bytes.get_ref().len() as u64),
            Held::InFile(file) => file.metadata().ok().map(|about| about.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn brought(keeping: &Keeping, sound: &[u8]) -> Result<Sound, KeepError> {
        let mut coming = keeping.begin();
        for piece in sound.chunks(100_000) {
            coming.take(piece).await?;
        }
        coming.end().await
    }

    #[tokio::test]
    async fn it_is_the_same_in_memory_and_in_a_file_and_the_folder_stays_empty() {
        let folder = tempfile::tempdir().expect("a directory");
        let keeping = Keeping::at(folder.path().to_owned());
        for length in [0, 1, 99_999, IN_MEMORY, IN_MEMORY + 1, 3_456_789] {
            let sound: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut kept = brought(&keeping, &sound).await.expect("kept");
            let is_small = length <= IN_MEMORY;
            assert_eq!(matches!(kept.0, Held::InMemory { .. }), is_small, "{length}");
            assert_eq!(ALL - keeping.room.available_permits(), if is_small { length } else { 0 }, "{length}");
            assert_eq!(kept.byte_len(), Some(length as u64));
            for _ in 0..2 {
                let mut all = Vec::new();
                kept.read_to_end(&mut all).expect("read");
                assert!(all == sound, "{length}");
                kept.rewind().expect("it seeks");
            }
            assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
            drop(kept);
            assert_eq!(keeping.room.available_permits(), ALL);
        }
    }

    #[tokio::test]
    async fn too_much_of_one_or_of_all_is_not_taken_and_there_is_room_again_when_one_goes() {
        let folder = tempfile::tempdir().expect("a directory");
        let keeping = Keeping::at(folder.path().to_owned());
        let full = vec![7; IN_MEMORY];
        let mut all = Vec::new();
        for _ in 0..ALL / IN_MEMORY {
            all.push(brought(&keeping, &full).await.expect("there is room"));
        }
        assert!(matches!(brought(&keeping, &[1]).await, Err(KeepError::Full)));
        drop(all.pop());
        drop(brought(&keeping, &full).await.expect("there is room again"));
        let mut coming = keeping.begin();
        let begun = coming.take(&vec![0; LARGEST_SOUND]).await;
        begun.expect("the largest needs no memory");
        assert!(matches!(coming.take(&[0]).await, Err(KeepError::TooLarge)));
        drop(folder);
        assert!(matches!(brought(&keeping, &vec![0; 2 * IN_MEMORY]).await, Err(KeepError::Failed(_))));
    }
}
