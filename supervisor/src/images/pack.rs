//! A bundle as one file: the index first, then the archives it speaks of, each summed on the way in and on the way out.

use super::bundle::{self, Bundled, INDEX, Index};
use anyhow::{Context as _, bail, ensure};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// No list of images is longer.
const LONGEST_INDEX: u64 = 1 << 20;

/// Whole or not at all. Blocks.
pub fn pack(index: &Index, folder: &Path, out: &Path) -> anyhow::Result<()> {
    let beside = beside(out);
    let written = write(index, folder, &beside).and_then(|()| Ok(std::fs::rename(&beside, out)?));
    if written.is_err() {
        // The error that stopped us says more than one about the leftover would.
        drop(std::fs::remove_file(&beside));
    }
    written
}

fn write(index: &Index, folder: &Path, to: &Path) -> anyhow::Result<()> {
    let mut archive = tar::Builder::new(BufWriter::new(File::create(to)?));
    let text = serde_json::to_vec_pretty(index)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, INDEX, text.as_slice())?;
    for image in &index.images {
        archive.append_file(&image.file, &mut File::open(folder.join(&image.file))?)?;
    }
    archive.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

/// Puts the archives into the folder of bundles. One that sums otherwise is not kept, and the index only speaks of
/// those that are there. Blocks.
pub fn unpack(file: &Path, folder: &Path) -> anyhow::Result<Index> {
    let mut archive = tar::Archive::new(File::open(file)?);
    let mut entries = archive.entries().context("it is no bundle")?;
    let first = entries.next().context("it is empty")?.context("it is no bundle")?;
    ensure!(first.path()?.as_ref() == Path::new(INDEX), "it is no bundle");
    let mut text = Vec::new();
    first.take(LONGEST_INDEX).read_to_end(&mut text)?;
    let index: Index = serde_json::from_slice(&text).context("its index cannot be read")?;
    let mut waiting = index.images.clone();
    for entry in entries {
        let mut entry = entry.context("it is damaged or cut short")?;
        let name = entry.path()?.display().to_string();
        let Some(place) = waiting.iter().position(|image| image.file == name) else {
            bail!("`{name}` is not in its index");
        };
        let image = waiting.swap_remove(place);
        bundle::is_plain(&image.file).context("its index names a place that is no file's name")?;
        keep(&mut entry, &image, folder)?;
    }
    ensure!(waiting.is_empty(), "`{}` is missing", waiting.first().map_or("", |image| image.file.as_str()));
    bundle::add(folder, &index)?;
    Ok(index)
}

fn keep(content: &mut impl Read, image: &Bundled, folder: &Path) -> anyhow::Result<()> {
    let to = folder.join(&image.file);
    let beside = beside(&to);
    let sum = copy(content, &beside);
    match sum {
        Ok(sum) if sum.eq_ignore_ascii_case(&image.sha256) => Ok(std::fs::rename(beside, to)?),
        other => {
            // What came of it is of no use; why is told.
            drop(std::fs::remove_file(&beside));
            other?;
            bail!("`{}` is not what it was when the bundle was made", image.file)
        }
    }
}

fn copy(content: &mut impl Read, to: &Path) -> anyhow::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::create(to)?, Sha256::new(), vec![0; 1 << 18]);
    loop {
        match content.read(&mut buffer).context("it is damaged or cut short")? {
            0 => break,
            count => {
                hash.update(&buffer[..count]);
                file.write_all(&buffer[..count])?;
            }
        }
    }
    file.sync_all()?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().expect("a directory");
        let mut index = Index::default();
        for name in ["redis", "postgres"] {
            let file = format!("{name}.tar");
            std::fs::write(temp.path().join(&file), name.repeat(100_000)).expect("written");
            let sha256 = bundle::sum(&temp.path().join(&file)).expect("summed");
            index.images.push(Bundled { reference: format!("{name}:1"), file, sha256 });
        }
        let out = temp.path().join("all.bundle");
        pack(&index, temp.path(), &out).expect("packed");
        (temp, out)
    }

    #[test]
    fn what_was_packed_is_found_on_the_other_side() {
        let (_temp, out) = made();
        let other = tempfile::tempdir().expect("a directory");
        assert_eq!(unpack(&out, other.path()).expect("unpacked").images.len(), 2);
        for reference in ["redis:1", "postgres:1"] {
            assert!(bundle::find(other.path(), reference).expect("whole").is_some());
        }
        // Again is the same again.
        unpack(&out, other.path()).expect("unpacked");
        assert_eq!(std::fs::read_dir(other.path()).expect("a folder").count(), 3);
    }

    #[test]
    fn one_flipped_bit_or_a_cut_end_is_told_and_nothing_is_used() {
        let (_temp, out) = made();
        let whole = std::fs::read(&out).expect("readable");
        let broken = |bytes: &[u8]| {
            let other = tempfile::tempdir().expect("a directory");
            let file = other.path().join("x.bundle");
            std::fs::write(&file, bytes).expect("written");
            let told = format!("{:#}", unpack(&file, other.path()).expect_err("it is broken"));
            assert!(!other.path().join(INDEX).exists(), "{told}");
            told
        };
        let mut flipped = whole.clone();
        flipped[700_000] ^= 1;
        assert!(broken(&flipped).contains("not what it was"));
        // An archive that ends in the middle of a file sums otherwise.
        assert!(broken(&whole[..whole.len() / 2]).contains("not what it was"));
        assert!(broken(b"nonsense").contains("no bundle"));
        assert!(broken(b"").contains("empty"));
    }
}
