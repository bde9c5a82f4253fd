//! Bundles: images as files, for machines without a network. `bundles/index.json` says what there is and how each file
//! sums; a file that sums otherwise is not opened.

use crate::config::data_dir::write_private;
use crate::services::fault::{Fault, Trouble};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

pub const INDEX: &str = "index.json";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub images: Vec<Bundled>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundled {
    pub reference: String,
    /// A name in the same folder.
    pub file: String,
    /// Of the file, in hex.
    pub sha256: String,
}

/// The archive that has this image, summed and found whole. `None`: no bundle speaks of it.
pub fn find(folder: &Path, reference: &str) -> Result<Option<PathBuf>, Trouble> {
    let index = match std::fs::read(folder.join(INDEX)) {
        Ok(text) => serde_json::from_slice::<Index>(&text)
            .map_err(|error| damaged(&format!("{INDEX} cannot be read: {error}")))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(damaged(&error.to_string())),
    };
    let Some(bundled) = index.images.into_iter().find(|image| image.reference == reference) else {
        return Ok(None);
    };
    if is_plain(&bundled.file).is_none() {
        return Err(damaged(&format!("`{}` is no name of a file", bundled.file)));
    }
    let file = folder.join(&bundled.file);
    let sum = sum(&file).map_err(|error| damaged(&format!("{} cannot be read: {error}", bundled.file)))?;
    if !sum.eq_ignore_ascii_case(&bundled.sha256) {
        return Err(damaged(&format!("{} is not what it was when the bundle was made", bundled.file)));
    }
    Ok(Some(file))
}

/// A name, not a way out of the folder.
pub fn is_plain(file: &str) -> Option<()> {
    (Path::new(file).file_name() == Some(file.as_ref())).then_some(())
}

/// The folder has these images now, beside what it had.
pub fn add(folder: &Path, new: &Index) -> std::io::Result<()> {
    let place = folder.join(INDEX);
    // One that cannot be read speaks of nothing that could be used.
    let had: Index =
        std::fs::read(&place).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let mut all = new.clone();
    let is_new = |image: &Bundled| {
        new.images.iter().all(|other| other.reference != image.reference && other.file != image.file)
    };
    all.images.extend(had.images.into_iter().filter(is_new));
    let text = serde_json::to_vec_pretty(&all).expect("an index is plain data");
    write_private(&place, &text)
}

pub fn sum(file: &Path) -> std::io::Result<String> {
    let (mut file, mut hash, mut buffer) = (std::fs::File::open(file)?, Sha256::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn damaged(why: &str) -> Trouble {
    Trouble::new(Fault::BundleDamaged, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(file: &str, sha256: &str) -> tempfile::TempDir {
        let temp = tempfile::tempdir().expect("a directory");
        let images = vec![Bundled {
            reference: "redis:8".to_owned(),
            file: file.to_owned(),
            sha256: sha256.to_owned(),
        }];
        let text = serde_json::to_vec(&Index { images }).expect("json");
        std::fs::write(temp.path().join(INDEX), text).expect("written");
        temp
    }

    /// Of `abc`, from the standard.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn an_archive_is_found_only_where_it_sums_as_it_should() {
        let temp = bundle("redis.tar", ABC);
        let find = |reference| find(temp.path(), reference);
        assert_eq!(find("redis:8").expect_err("no file").fault, Fault::BundleDamaged);
        std::fs::write(temp.path().join("redis.tar"), "abc").expect("written");
        assert_eq!(find("redis:8"), Ok(Some(temp.path().join("redis.tar"))));
        assert_eq!(find("redis:7"), Ok(None));
        std::fs::write(temp.path().join("redis.tar"), "abd").expect("one bit flipped");
        assert_eq!(find("redis:8").expect_err("damaged").fault, Fault::BundleDamaged);
    }

    #[test]
    fn an_index_that_points_elsewhere_or_cannot_be_read_is_damage_and_none_is_none() {
        let temp = bundle("../secret", ABC);
        assert_eq!(find(temp.path(), "redis:8").expect_err("no name").fault, Fault::BundleDamaged);
        std::fs::write(temp.path().join(INDEX), "{").expect("written");
        assert_eq!(find(temp.path(), "redis:8").expect_err("no index").fault, Fault::BundleDamaged);
        let empty = tempfile::tempdir().expect("a directory");
        assert_eq!(find(empty.path(), "redis:8"), Ok(None));
    }
}
