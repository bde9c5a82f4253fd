//! What lies in the data directory, folder by folder.

use crate::config::data_dir::DataDir;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// As the disk counts, not as files say.
const BLOCK: u64 = 512;

/// Bytes on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    /// Everything.
    pub all: u64,
    pub data: u64,
    pub logs: u64,
    pub bundles: u64,
    pub temporary: u64,
}

/// Blocks: it looks at every file.
pub fn read(dir: &DataDir) -> Folders {
    let of = |path: PathBuf| size(&path);
    let (downloads, processing) = (dir.downloads(), dir.processing());
    Folders {
        all: size(dir.root()),
        data: of(dir.data()),
        logs: of(dir.logs()),
        bundles: of(dir.bundles()),
        temporary: of(downloads) + of(processing),
    }
}

/// Never through a link: what it points to is not ours. What cannot be looked at is not counted.
pub fn size(path: &Path) -> u64 {
    let Ok(about) = std::fs::symlink_metadata(path) else { return 0 };
    let mut all = about.blocks() * BLOCK;
    if about.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            all += size(&entry.path());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_is_counted_by_itself_and_nothing_behind_a_link() -> anyhow::Result<()> {
        let (temp, elsewhere) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let dir = DataDir::at(temp.path())?;
        dir.create()?;
        let empty = read(&dir);
        std::fs::write(dir.logs().join("app.log"), vec![b'x'; 100_000])?;
        std::fs::create_dir(dir.bundles().join("deep"))?;
        std::fs::write(dir.bundles().join("deep/image.tar"), vec![b'x'; 300_000])?;
        std::fs::write(elsewhere.path().join("theirs"), vec![b'x'; 900_000])?;
        std::os::unix::fs::symlink(elsewhere.path(), dir.bundles().join("link"))?;
        let full = read(&dir);
        let grown = |of: fn(&Folders) -> u64| of(&full) - of(&empty);
        assert!((100_000..150_000).contains(&grown(|all| all.logs)), "{full:?}");
        assert!((300_000..400_000).contains(&grown(|all| all.bundles)), "{full:?}");
        assert_eq!((grown(|all| all.data), grown(|all| all.temporary)), (0, 0));
        assert_eq!(grown(|all| all.all), grown(|all| all.logs) + grown(|all| all.bundles));
        Ok(())
    }
}
