//! Which models there are, and where.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const LONGEST_NAME: usize = 64;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is listened with: a model of whisper.cpp's.
    Ears,
    /// It is spoken with: a voice of Piper's, whose description lies beside it.
    Voices,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Ears, Self::Voices];

    /// Of its folder, and as commands have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ears => "ears",
            Self::Voices => "voices",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Of a file of somebody's, by its ending.
    pub fn of(file: &Path) -> Self {
        let is_voice =
            file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(Self::Voices.ending()));
        if is_voice { Self::Voices } else { Self::Ears }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Ears => "bin",
            Self::Voices => "onnx",
        }
    }
}

/// `data/models` of the data directory.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub(super) root: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    pub name: String,
    pub path: PathBuf,
    /// With its description.
    pub bytes: u64,
    /// Another file may come under the same name.
    pub modified: SystemTime,
}

impl ModelFile {
    /// A file with its description, wherever it lies.
    pub fn at(kind: Kind, name: &str, path: PathBuf) -> io::Result<Self> {
        let metadata = path.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let beside = (kind == Kind::Voices).then(|| description(&path).metadata().ok()).flatten();
        let all = || [Some(&metadata), beside.as_ref()].into_iter().flatten();
        let bytes = all().map(Metadata::len).sum();
        let modified = all().filter_map(|one| one.modified().ok()).max().unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(Self { name: name.to_owned(), path, bytes, modified })
    }
}

impl Shelf {
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn ears(&self) -> io::Result<Vec<ModelFile>> {
        self.all(Kind::Ears)
    }

    /// By name. A folder that is not there has none.
    pub fn all(&self, kind: Kind) -> io::Result<Vec<ModelFile>> {
        let entries = match std::fs::read_dir(self.folder(kind)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut models = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| is_name(name));
            let is_model = path.extension().is_some_and(|ending| ending == kind.ending());
            if let (Some(name), true) = (name.map(str::to_owned), is_model)
                && let Ok(model) = ModelFile::at(kind, &name, path)
            {
                models.push(model);
            }
        }
        models.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(models)
    }

    /// The file of a model that may not be there yet. `None`: it cannot be called that.
    pub fn place(&self, kind: Kind, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.folder(kind).join(format!("{name}.{}", kind.ending())))
    }

    pub fn remove(&self, name: &str) -> Result<(), ShelfError> {
        for kind in Kind::ALL {
            let path = self.place(kind, name).ok_or_else(|| ShelfError::Name(name.to_owned()))?;
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => {
                    removed?;
                    if kind == Kind::Voices {
                        gone(std::fs::remove_file(description(&path)))?;
                    }
                    return Ok(());
                }
            }
        }
        Err(ShelfError::Missing(name.to_owned()))
    }

    /// No model of any kind is called that.
    pub(super) fn ensure_free(&self, name: &str) -> Result<(), ShelfError> {
        let is_taken = |kind| self.place(kind, name).is_some_and(|path| path.exists());
        if Kind::ALL.into_iter().any(is_taken) {
            return Err(ShelfError::Taken(name.to_owned()));
        }
        Ok(())
    }

    pub(super) fn folder(&self, kind: Kind) -> PathBuf {
        self.root.join(kind.name())
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
    #[error("{} does not lie beside it, which says how the voice speaks", .0.display())]
    Undescribed(PathBuf),
    #[error("another model is being added; wait until it is there")]
    Busy,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What says how a voice speaks lies beside its file, under its whole name.
pub fn description(voice: &Path) -> PathBuf {
    let mut path = voice.as_os_str().to_owned();
    path.push(".json");
    path.into()
}

/// As people write it, and never a path.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits) && !name.starts_with(['.', '-'])
}

/// What was given as a model to listen with is a file of somebody's rather than a name.
pub fn is_path(given: &str) -> bool {
    let is_model = Path::new(given).extension().is_some_and(|ending| ending == Kind::Ears.ending());
    given.contains('/') || is_model
}

/// What was not there is as good as removed.
pub(super) fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_by_name_and_a_name_is_no_way_out() {
        let root = tempfile::tempdir().expect("a directory");
        let shelf = Shelf::at(root.path().to_owned());
        assert_eq!(shelf.ears().expect("read"), []);
        let (ears, voices) = (root.path().join("ears"), root.path().join("voices"));
        for folder in [&ears, &voices] {
            std::fs::create_dir(folder).expect("made");
        }
        for file in ["tiny.en.bin", "base.bin", ".half.bin", "notes.txt", "lost.onnx"] {
            std::fs::write(ears.join(file), b"1234").expect("written");
        }
        for file in ["amy.onnx", "amy.onnx.json", "alone.onnx", "base.bin"] {
            std::fs::write(voices.join(file), b"1234").expect("written");
        }
        std::fs::create_dir(ears.join("folder.bin")).expect("made");
        let all = |kind| {
            let all = shelf.all(kind).expect("read").into_iter();
            all.map(|model| format!("{} {}", model.name, model.bytes)).collect::<Vec<_>>()
        };
        assert_eq!(all(Kind::Ears), ["base 4", "tiny.en 4"]);
        assert_eq!(all(Kind::Voices), ["alone 4", "amy 8"]);
        assert_eq!(shelf.place(Kind::Ears, "tiny.en"), Some(ears.join("tiny.en.bin")));
        shelf.remove("amy").expect("removed");
        assert!(!voices.join("amy.onnx.json").exists() && voices.join("alone.onnx").exists());
        shelf.remove("base").expect("removed");
        assert!(matches!(shelf.remove("base"), Err(ShelfError::Missing(_))));
        assert!(matches!(shelf.remove("../from"), Err(ShelfError::Name(_))));
        assert_eq!((all(Kind::Ears).len(), all(Kind::Voices).len()), (1, 1));
        for name in ["", "..", "../x", "a/b", ".x", "-x", "a b", "ü", &"x".repeat(65)] {
            assert_eq!(shelf.place(Kind::Voices, name), None, "{name}");
        }
        for (file, kind) in [("a/b.onnx", Kind::Voices), ("B.ONNX", Kind::Voices), ("onnx", Kind::Ears)] {
            assert_eq!(Kind::of(Path::new(file)), kind, "{file}");
        }
    }
}
