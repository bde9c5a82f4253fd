//! The cache as a file: written whole beside the old one, then put in its place.
//!
//! Layout, little endian: magic, version, number of entries, the entries (expiry, key, value, each
//! length first), SHA-256 of all before it. A file that is not exactly that is refused as a whole; a
//! cache may be lost, so nothing is patched together from a damaged one.

use super::shelf::Kept;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const MAGIC: &[u8; 8] = b"WECACHE\n";
const VERSION: u32 = 1;
const CHECKSUM_BYTES: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum Damage {
    #[error("the cache file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("the cache file has {found} bytes, this cache never writes more than {most}")]
    TooLarge { found: u64, most: u64 },
    #[error("the file is no cache file")]
    NotOurs,
    #[error("the cache file has version {0}, this program writes {VERSION}")]
    Version(u32),
    #[error("the cache file's checksum is wrong")]
    Checksum,
    #[error("the cache file breaks off")]
    Cut,
}

/// Replaces the file at `path`, all or nothing, and returns when it is on the disk.
pub fn write(path: &Path, entries: &[Kept]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let written = write_and_rename(&unfinished, path, &encode(entries));
    if written.is_err() {
        // The failure is what counts; the rest of a file is overwritten by the next flush anyway.
        std::fs::remove_file(&unfinished).ok();
    }
    written
}

fn write_and_rename(unfinished: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)?;
    // Without this the name may still point to the old file after a power cut.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// `None` where there is no file yet.
pub fn read(path: &Path, most_bytes: u64) -> Result<Option<Vec<Kept>>, Damage> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let found = file.metadata()?.len();
    if found > most_bytes {
        return Err(Damage::TooLarge { found, most: most_bytes });
    }
    let mut content = Vec::with_capacity(found as usize);
    file.take(most_bytes).read_to_end(&mut content)?;
    decode(&content.into()).map(Some)
}

fn encode(entries: &[Kept]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(entries.len() as u64).to_le_bytes());
    for entry in entries {
        out.extend_from_slice(&entry.expires_at.0.to_le_bytes());
        for part in [entry.key.as_bytes(), &entry.value] {
            out.extend_from_slice(&(part.len() as u64).to_le_bytes());
            out.extend_from_slice(part);
        }
    }
    let checksum = Sha256::digest(&out);
    out.extend_from_slice(&checksum);
    out
}

fn decode(content: &Bytes) -> Result<Vec<Kept>, Damage> {
    if !content.starts_with(MAGIC) {
        return Err(Damage::NotOurs);
    }
    let mut rest = content.slice(MAGIC.len()..);
    // The version comes before the checksum: another version may well have another checksum.
    let version = u32::from_le_bytes(array(&mut rest)?);
    if version != VERSION {
        return Err(Damage::Version(version));
    }
    let body = content.len().checked_sub(CHECKSUM_BYTES).ok_or(Damage::Cut)?;
    if content.len() - rest.len() > body {
        return Err(Damage::Cut);
    }
    if Sha256::digest(&content[..body])[..] != content[body..] {
        return Err(Damage::Checksum);
    }
    rest.truncate(rest.len() - CHECKSUM_BYTES);
    let count = u64::from_le_bytes(array(&mut rest)?);
    let mut entries = Vec::new();
    for _ in 0..count {
        let expires_at = Timestamp(i64::from_le_bytes(array(&mut rest)?));
        let key = part(&mut rest)?;
        let key = std::str::from_utf8(&key).map_err(|_| Damage::NotOurs)?.into();
        // A copy, so that one small entry does not keep the whole file in memory.
        let value = Bytes::copy_from_slice(&part(&mut rest)?);
        entries.push(Kept { key, value, expires_at });
    }
    if rest.is_empty() { Ok(entries) } else { Err(Damage::NotOurs) }
}

fn part(rest: &mut Bytes) -> Result<Bytes, Damage> {
    let length = usize::try_from(u64::from_le_bytes(array(rest)?)).map_err(|_| Damage::Cut)?;
    if length > rest.len() { Err(Damage::Cut) } else { Ok(rest.split_to(length)) }
}

fn array<const N: usize>(rest: &mut Bytes) -> Result<[u8; N], Damage> {
    if rest.len() < N {
        return Err(Damage::Cut);
    }
    let taken = rest.split_to(N);
    let mut out = [0; N];
    out.copy_from_slice(&taken);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Kept> {
        let entry = |key: &str, value: &'static [u8]| Kept {
            key: key.into(),
            value: Bytes::from_static(value),
            expires_at: Timestamp(9),
        };
        vec![entry("one", b"1"), entry("", b""), entry("zwölf", &[0, 255, 10])]
    }

    #[test]
    fn what_was_written_is_read_back_in_order() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cache");
        assert!(read(&path, 1 << 20)?.is_none());
        write(&path, &entries())?;
        write(&path, &entries())?;
        assert_eq!(read(&path, 1 << 20)?, Some(entries()));
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "nothing unfinished stays behind");
        Ok(())
    }

    #[test]
    fn no_flipped_bit_and_no_cut_is_taken_for_a_cache() {
        let whole = encode(&entries());
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            assert!(decode(&flipped.into()).is_err(), "byte {at} flipped");
            assert!(decode(&whole[..at].to_vec().into()).is_err(), "cut at {at}");
        }
        assert!(decode(&[whole.as_slice(), b"more"].concat().into()).is_err());
        assert!(decode(&whole.into()).is_ok());
    }

    #[test]
    fn another_version_is_named() {
        let mut newer = encode(&entries());
        newer[8] = 2;
        assert!(matches!(decode(&newer.into()), Err(Damage::Version(2))));
    }

    #[test]
    fn a_file_larger_than_the_cache_could_write_is_not_read_into_memory() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cache");
        write(&path, &entries())?;
        assert!(matches!(read(&path, 10), Err(Damage::TooLarge { .. })));
        Ok(())
    }
}
