//! One process at a time uses a data directory.
//!
//! The claim is a lock on `run/lock` that the kernel takes back when the process ends, however it ends; the
//! pid inside is only for people. What a dead process left in `run` is cleared by whoever comes next.

use crate::config::data_dir::DataDir;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    #[error("{} is in use by {holder}; stop it first, or name another directory with --data-dir", dir.display())]
    Held { dir: PathBuf, holder: Holder },
    #[error("{} cannot be locked", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Whoever has it, as far as they said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder(pub Option<u32>);

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}

/// The right to use a data directory, as long as it lives.
#[derive(Debug)]
pub struct Instance {
    _lock: File,
}

impl Instance {
    /// The directory must have been made. Does not wait.
    pub fn claim(dir: &DataDir) -> Result<Self, ClaimError> {
        let path = dir.run().join("lock");
        let io = |source| ClaimError::Io { path: path.clone(), source };
        // Not truncated: until the lock is ours, what is written there is somebody else's.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut lock = options.open(&path).map_err(io)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(ClaimError::Held { dir: dir.root().to_owned(), holder: holder(&mut lock) });
            }
            Err(error) => return Err(io(error.into())),
        }
        match lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())) {
            // It is held all the same: a box on a full disk can be removed.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {}
            written => written.map_err(io)?,
        }
        clear(&dir.control_socket()).map_err(io)?;
        Ok(Self { _lock: lock })
    }
}

fn holder(lock: &mut File) -> Holder {
    let mut text = String::new();
    let read = lock.rewind().and_then(|()| lock.read_to_string(&mut text));
    Holder(read.ok().and_then(|_| text.trim().parse().ok()))
}

/// A socket's name outlives its process, and keeps the next one from binding it.
fn clear(socket: &Path) -> io::Result<()> {
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_has_it_and_the_third_gets_it() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let dir = DataDir::at(temp.path())?;
        dir.create()?;
        std::fs::write(dir.control_socket(), "left by a dead process")?;
        let first = Instance::claim(&dir)?;
        assert!(!dir.control_socket().exists(), "what a dead process left is cleared");
        std::fs::write(dir.control_socket(), "of the living one")?;
        let refused = Instance::claim(&dir).expect_err("one at a time");
        let told = refused.to_string();
        assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
        assert!(dir.control_socket().exists(), "nothing of the holder's is touched");
        drop(first);
        Instance::claim(&dir)?;
        Ok(())
    }
}
