//! The data directory: where it is, what lies where in it, and how it is made.
//!
//! Finding it touches nothing; [`DataDir::create`] makes what is missing, closed to everybody else.
//! Who may use it at a time is settled elsewhere.

use std::io;
use std::path::{Path, PathBuf};

const DIRECTORIES: &[&str] = &[
    "data",
    "data/cache",
    "data/models",
    "config",
    "config/tls",
    "logs",
    "run",
    "run/secrets",
    "temp",
    "temp/downloads",
    "temp/processing",
    "bundles",
    "backups",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("{} is not a directory: name another one with --data-dir", .0.display())]
    NotADirectory(PathBuf),
    #[error(
        "{} cannot be written by this user: change its owner, or name another directory with --data-dir",
        .0.display()
    )]
    NotWritable(PathBuf),
    #[error("{} cannot be made: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl DataDir {
    /// A relative path counts from the current directory. Touches nothing.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { root: std::path::absolute(path)? })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is wrong with the path as far as can be seen without changing anything.
    pub fn check(&self) -> Result<(), DataDirError> {
        let Some(there) = self.root.ancestors().find(|path| path.exists()) else { return Ok(()) };
        if !there.is_dir() {
            return Err(DataDirError::NotADirectory(there.to_owned()));
        }
        if is_writable(there) { Ok(()) } else { Err(DataDirError::NotWritable(there.to_owned())) }
    }

    /// Makes every directory that is missing, open to its owner only. What is there keeps its rights.
    pub fn create(&self) -> Result<(), DataDirError> {
        self.check()?;
        make(&self.root)?;
        for name in DIRECTORIES {
            make(&self.root.join(name))?;
        }
        Ok(())
    }

    /// Everything in it that the box makes, there or not.
    pub fn own(&self) -> Vec<PathBuf> {
        let folders = DIRECTORIES.iter().filter(|name| !name.contains('/'));
        let records = ["", "-wal", "-shm", "-journal"].map(|end| format!("appliance.db{end}"));
        folders.map(|name| self.root.join(name)).chain(records.map(|name| self.root.join(name))).collect()
    }

    pub fn settings_file(&self) -> PathBuf {
        self.root.join("config/settings.toml")
    }

    /// What the owner chose on a page; `settings.toml` wins over it.
    pub fn chosen_file(&self) -> PathBuf {
        self.root.join("config/chosen.toml")
    }

    pub fn credentials_file(&self) -> PathBuf {
        self.root.join("config/credentials.enc")
    }

    pub fn master_key_file(&self) -> PathBuf {
        self.root.join("config/master.key")
    }

    /// The box's own authority.
    pub fn tls(&self) -> PathBuf {
        self.root.join("config/tls")
    }

    pub fn database_file(&self) -> PathBuf {
        self.root.join("data/engine.db")
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn cache(&self) -> PathBuf {
        self.root.join("data/cache")
    }

    pub fn models(&self) -> PathBuf {
        self.root.join("data/models")
    }

    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    pub fn control_socket(&self) -> PathBuf {
        self.root.join("run/control.sock")
    }

    pub fn secrets(&self) -> PathBuf {
        self.root.join("run/secrets")
    }

    pub fn downloads(&self) -> PathBuf {
        self.root.join("temp/downloads")
    }

    pub fn processing(&self) -> PathBuf {
        self.root.join("temp/processing")
    }

    pub fn bundles(&self) -> PathBuf {
        self.root.join("bundles")
    }

    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    pub fn appliance_database(&self) -> PathBuf {
        self.root.join("appliance.db")
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written =
        write_new(&beside, content).and_then(|()| std::fs::rename(&beside, path)).and_then(|()| settle(path));
    if written.is_err() {
        // The error that stopped us says more than one about the leftover would.
        drop(std::fs::remove_file(&beside));
    }
    written
}

/// So that a file's new name, or its absence, outlives the power.
pub fn settle(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn make(path: &Path) -> Result<(), DataDirError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            DataDirError::NotADirectory(path.to_owned())
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            DataDirError::NotWritable(path.to_owned())
        }
        _ => DataDirError::Io { path: path.to_owned(), source },
    })
}

#[cfg(unix)]
fn is_writable(path: &Path) -> bool {
    use rustix::fs::Access;
    rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(_path: &Path) -> bool {
    // Rights on such a system are only known by trying, which `create` does.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn everything_made_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().expect("a directory");
        let dir = DataDir::at(&temp.path().join("new/box")).expect("a path");
        dir.create().expect("made");
        dir.create().expect("making it again changes nothing");
        for path in [dir.root().to_owned(), dir.logs(), dir.downloads(), dir.processing(), dir.secrets()] {
            let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
        write_private(&dir.settings_file(), b"mode = 'desktop'").expect("written");
        let mode = std::fs::metadata(dir.settings_file()).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let temp = tempfile::tempdir().expect("a directory");
        let file = temp.path().join("file");
        std::fs::write(&file, "").expect("written");
        for path in [file.clone(), file.join("below")] {
            let error = DataDir::at(&path).expect("a path").create().expect_err("refused");
            assert!(matches!(&error, DataDirError::NotADirectory(path) if *path == file), "{error}");
        }
    }

    #[test]
    fn a_relative_path_becomes_absolute() {
        let dir = DataDir::at(Path::new("box")).expect("a path");
        assert!(dir.root().is_absolute() && dir.root().ends_with("box"));
    }
}
