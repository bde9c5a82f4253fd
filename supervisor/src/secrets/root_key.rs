//! The key that opens everything else: mounted by an orchestrator, or a file of our own.

use crate::config::data_dir::{DataDir, write_private};
use engine::ports::clock::Clock;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub type Key = Zeroizing<[u8; 32]>;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{} holds no master key: 64 hexadecimal digits or 32 bytes are one", .0.display())]
    NotAKey(PathBuf),
    /// Making a new one would make everything that was sealed unreadable for ever.
    #[error(
        "{} is gone, and {} cannot be opened without it: put it back from a backup, or name the file that \
         holds the key with WHISPERENGINE_MASTER_KEY_FILE",
        key.display(), sealed.display()
    )]
    Gone { key: PathBuf, sealed: PathBuf },
    #[error("{} cannot be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// The mounted key, else the data directory's own, which is made at the first start.
pub fn find_or_make(dir: &DataDir, mounted: Option<&Path>, clock: &dyn Clock) -> Result<Key, KeyError> {
    if let Some(path) = mounted {
        return read(path);
    }
    let (path, sealed) = (dir.master_key_file(), dir.credentials_file());
    match read(&path) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    if sealed.exists() {
        return Err(KeyError::Gone { key: path, sealed });
    }
    let mut key = Key::default();
    clock.fill_random(key.as_mut());
    write_private(&path, hex(&key).as_bytes()).map_err(|source| KeyError::Io { path, source })?;
    Ok(key)
}

/// Reads a key from a file, as text or as plain bytes.
pub fn read(path: &Path) -> Result<Key, KeyError> {
    let bytes = std::fs::read(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
    let bytes = Zeroizing::new(bytes);
    if let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) {
        return Ok(Key::new(key));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::NotAKey(path.to_owned()))?;
    unhex(text.trim()).ok_or_else(|| KeyError::NotAKey(path.to_owned()))
}

pub fn hex(key: &Key) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.iter() {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}

pub fn unhex(text: &str) -> Option<Key> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut key = Key::default();
    for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}
