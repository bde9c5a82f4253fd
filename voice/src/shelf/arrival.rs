//! A model on its way to the shelf: copied, and not yet to be found there. It is tried out meanwhile.

use super::models::{Kind, ModelFile, Shelf, ShelfError, description, gone};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Beside the kinds' folders, so that a model only has to be renamed.
const FOLDER: &str = ".arriving";
/// What is more does not say how a voice speaks.
pub const LARGEST_DESCRIPTION: u64 = 1 << 20;

/// Whoever drops it takes it away again.
pub struct Arrival {
    folder: PathBuf,
    kind: Kind,
    name: String,
    path: PathBuf,
    place: PathBuf,
    /// Of the whole shelf: one arrives at a time.
    _lock: File,
}

impl Shelf {
    /// Copies a file whole. The name must be free.
    pub fn receive(&self, kind: Kind, name: &str, from: &Path) -> Result<Arrival, ShelfError> {
        let place = self.place(kind, name).ok_or_else(|| ShelfError::Name(name.to_owned()))?;
        std::fs::create_dir_all(&self.root)?;
        let lock = self.lock()?.ok_or(ShelfError::Busy)?;
        self.ensure_free(name)?;
        let folder = self.root.join(FOLDER);
        // Of somebody who was stopped in the middle of it.
        gone(std::fs::remove_dir_all(&folder))?;
        std::fs::create_dir(&folder)?;
        let path = folder.join(place.file_name().unwrap_or_default());
        let arrival = Arrival { folder, kind, name: name.to_owned(), path, place, _lock: lock };
        if kind == Kind::Voices {
            let beside = description(from);
            if !beside.is_file() {
                return Err(ShelfError::Undescribed(beside));
            }
            if beside.metadata()?.len() > LARGEST_DESCRIPTION {
                return Err(io::Error::other("what says how the voice speaks is too large").into());
            }
            copy(&beside, &description(&arrival.path))?;
        }
        copy(from, &arrival.path)?;
        Ok(arrival)
    }

    /// Takes away what somebody left who was stopped while a model arrived.
    pub fn tidy(&self) -> io::Result<()> {
        if !self.root.join(FOLDER).exists() {
            return Ok(());
        }
        match self.lock()? {
            Some(_lock) => gone(std::fs::remove_dir_all(self.root.join(FOLDER))),
            None => Ok(()),
        }
    }

    /// `None`: somebody else has it.
    fn lock(&self) -> io::Result<Option<File>> {
        let lock = File::open(&self.root)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(lock)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Arrival {
    /// Where it is until it is placed, with its description beside it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Now everybody finds it.
    pub fn place(self) -> Result<ModelFile, ShelfError> {
        std::fs::create_dir_all(self.place.parent().unwrap_or(&self.folder))?;
        // A voice is found by its file, so what describes it comes first.
        if self.kind == Kind::Voices {
            std::fs::rename(description(&self.path), description(&self.place))?;
        }
        std::fs::rename(&self.path, &self.place)?;
        Ok(ModelFile::at(self.kind, &self.name, self.place.clone())?)
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        // What is left is taken away by whoever comes next.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    // A device has no end.
    if !from.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let (mut from, mut to) = (File::open(from)?, File::create_new(to)?);
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_on_the_shelf_once_it_is_placed_and_nothing_of_it_stays_otherwise() {
        let root = tempfile::tempdir().expect("a directory");
        let (from, models) = (root.path().join("from.onnx"), root.path().join("models"));
        let shelf = Shelf::at(models.clone());
        std::fs::write(&from, b"123456").expect("written");
        let undescribed = shelf.receive(Kind::Voices, "amy", &from).err().expect("refused");
        assert!(undescribed.to_string().contains("from.onnx.json"), "{undescribed}");
        std::fs::write(description(&from), b"{}").expect("written");
        let arrival = shelf.receive(Kind::Voices, "amy", &from).expect("copied");
        assert!(arrival.path().is_file() && description(arrival.path()).is_file());
        assert!(matches!(shelf.receive(Kind::Ears, "base", &from), Err(ShelfError::Busy)));
        shelf.tidy().expect("nothing to do");
        assert!(arrival.path().is_file() && shelf.all(Kind::Voices).expect("read").is_empty());
        drop(arrival);
        let files = || std::fs::read_dir(&models).expect("read").count();
        assert_eq!(files(), 0);

        let placed = shelf.receive(Kind::Voices, "amy", &from).expect("copied").place().expect("placed");
        assert_eq!((placed.bytes, shelf.all(Kind::Voices).expect("read")), (8, vec![placed.clone()]));
        assert!(matches!(shelf.receive(Kind::Ears, "amy", &from), Err(ShelfError::Taken(_))));
        for (name, from) in [("a/b", &from), ("other", &root.path().join("nowhere")), ("dir", &models)] {
            assert!(shelf.receive(Kind::Ears, name, from).is_err(), "{name}");
        }
        assert_eq!(files(), 1);
        // Of somebody who was killed.
        std::fs::create_dir(models.join(FOLDER)).expect("made");
        std::fs::write(models.join(FOLDER).join("half.bin"), b"12").expect("written");
        shelf.tidy().expect("tidied");
        assert_eq!(files(), 1);
        std::fs::write(description(&from), vec![b' '; (1 << 20) + 1]).expect("written");
        assert!(shelf.receive(Kind::Voices, "large", &from).is_err());
    }
}
