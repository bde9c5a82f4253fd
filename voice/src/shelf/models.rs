//! Which models of the ears there are, and where.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const ENDING: &str = "bin";
const LONGEST_NAME: usize = 64;

/// `data/models` of the data directory.
#[derive(Clone, Debug)]
pub struct Shelf {
    root: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
    /// Another file may come under the same name.
    pub modified: SystemTime,
}

impl Shelf {
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// By name. A folder that is not there has none.
    pub fn ears(&self) -> io::Result<Vec<ModelFile>> {
        let entries = match std::fs::read_dir(self.folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut models = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| is_name(name));
            let is_model = path.extension().is_some_and(|ending| ending == ENDING);
            if let (Some(name), true, Ok(metadata)) = (name, is_model, path.metadata())
                && metadata.is_file()
            {
                let (name, bytes, modified) = (name.to_owned(), metadata.len(), metadata.modified()?);
                models.push(ModelFile { name, path, bytes, modified });
            }
        }
        models.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(models)
    }

    /// The file of a model that may not be there yet. `None`: it cannot be called that.
    pub fn place(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.folder().join(format!("{name}.{ENDING}")))
    }

    /// Copies a file to its place, whole or not at all. The name must be free.
    pub fn add(&self, name: &str, from: &Path) -> Result<ModelFile, ShelfError> {
        let path = self.place(name).ok_or_else(|| ShelfError::Name(name.to_owned()))?;
        if path.exists() {
            return Err(ShelfError::Taken(name.to_owned()));
        }
        std::fs::create_dir_all(self.folder())?;
        let beside = self.folder().join(format!(".{name}.part"));
        let copied = (|| {
            let bytes = std::fs::copy(from, &beside)?;
            File::open(&beside)?.sync_all()?;
            std::fs::rename(&beside, &path)?;
            let modified = path.metadata()?.modified()?;
            Ok(ModelFile { name: name.to_owned(), path: path.clone(), bytes, modified })
        })();
        if copied.is_err() {
            // A disk that is full is not made fuller.
            drop(std::fs::remove_file(&beside));
        }
        copied.map_err(ShelfError::Io)
    }

    pub fn remove(&self, name: &str) -> Result<(), ShelfError> {
        let path = self.place(name).ok_or_else(|| ShelfError::Name(name.to_owned()))?;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ShelfError::Missing(name.to_owned()))
            }
            removed => Ok(removed?),
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.join("ears")
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    #[error("a model cannot be called {0}: letters, digits, `-`, `_` and `.`, at most 64 of them")]
    Name(String),
    #[error("there is a model {0} already; remove it first, or choose another name")]
    Taken(String),
    #[error("there is no model {0}; `whisperengine model list` shows all")]
    Missing(String),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// As people write it, and never a path.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits) && !name.starts_with(['.', '-'])
}

/// What was given as a model is a file of somebody's rather than a name.
pub fn is_path(given: &str) -> bool {
    given.contains('/') || Path::new(given).extension().is_some_and(|ending| ending == ENDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_by_name_and_a_name_is_no_way_out() {
        let root = tempfile::tempdir().expect("a directory");
        let shelf = Shelf::at(root.path().to_owned());
        assert_eq!(shelf.ears().expect("read"), []);
        let folder = root.path().join("ears");
        std::fs::create_dir(&folder).expect("made");
        for file in ["tiny.en.bin", "base.bin", ".half.bin", "notes.txt"] {
            std::fs::write(folder.join(file), b"1234").expect("written");
        }
        std::fs::create_dir(folder.join("folder.bin")).expect("made");
        let names: Vec<_> =
            shelf.ears().expect("read").into_iter().map(|model| (model.name, model.bytes)).collect();
        assert_eq!(names, [("base".to_owned(), 4), ("tiny.en".to_owned(), 4)]);
        assert_eq!(shelf.place("tiny.en"), Some(folder.join("tiny.en.bin")));
        let from = root.path().join("from");
        std::fs::write(&from, b"123456").expect("written");
        assert_eq!(shelf.add("new", &from).expect("added").bytes, 6);
        assert!(matches!(shelf.add("new", &from), Err(ShelfError::Taken(_))));
        assert!(matches!(shelf.add("other", &root.path().join("nowhere")), Err(ShelfError::Io(_))));
        shelf.remove("new").expect("removed");
        assert!(matches!(shelf.remove("new"), Err(ShelfError::Missing(_))));
        assert!(matches!(shelf.remove("../from"), Err(ShelfError::Name(_))));
        assert_eq!(shelf.ears().expect("read").len(), 2);
        assert!(
            std::fs::read_dir(&folder)
                .expect("read")
                .all(|file| !file.expect("one").path().ends_with(".new.part"))
        );
        for name in ["", "..", "../x", "a/b", ".x", "-x", "a b", "ü", &"x".repeat(65)] {
            assert_eq!(shelf.place(name), None, "{name}");
        }
    }
}
