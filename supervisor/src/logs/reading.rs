//! The newest lines of a log, and those that come after them, across files that are put aside.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How far back the newest lines are looked for.
const LOOK_BACK: u64 = 1024 * 1024;
/// How much is read at once while following.
const PIECE: u64 = 256 * 1024;

/// A place in a log that moves on with it.
pub struct Follower {
    path: PathBuf,
    /// Its inode and how far it was read; `None` while there is no file.
    place: Option<(u64, u64)>,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

/// The last `count` whole lines, oldest first, and a follower that stands behind them.
pub fn newest(path: &Path, count: usize) -> io::Result<(Vec<String>, Follower)> {
    let mut follower = Follower { path: path.to_owned(), place: None, begun: Vec::new() };
    let Some(mut file) = open(path)? else { return Ok((Vec::new(), follower)) };
    let metadata = file.metadata()?;
    let from = metadata.len().saturating_sub(LOOK_BACK);
    follower.place = Some((metadata.ino(), from));
    file.seek(SeekFrom::Start(from))?;
    let mut lines = follower.read(&mut file, LOOK_BACK)?;
    if from > 0 && !lines.is_empty() {
        // We came in somewhere in the middle of it.
        lines.remove(0);
    }
    Ok((lines.split_off(lines.len().saturating_sub(count)), follower))
}

impl Follower {
    /// Whole lines written since the last call.
    pub fn news(&mut self) -> io::Result<Vec<String>> {
        let Some(mut file) = open(&self.path)? else { return Ok(Vec::new()) };
        let metadata = file.metadata()?;
        let mut lines = Vec::new();
        let from = match self.place {
            Some((inode, read)) if inode == metadata.ino() && read <= metadata.len() => read,
            Some((inode, read)) => {
                lines = self.rest_of(inode, read)?;
                self.begun.clear();
                0
            }
            None => 0,
        };
        self.place = Some((metadata.ino(), from));
        file.seek(SeekFrom::Start(from))?;
        lines.extend(self.read(&mut file, PIECE)?);
        Ok(lines)
    }

    /// What was still written to a file before it was put aside.
    fn rest_of(&mut self, inode: u64, read: u64) -> io::Result<Vec<String>> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".1");
        let Some(mut file) = open(Path::new(&aside))? else { return Ok(Vec::new()) };
        if file.metadata()?.ino() != inode {
            return Ok(Vec::new());
        }
        self.place = Some((inode, read));
        file.seek(SeekFrom::Start(read))?;
        self.read(&mut file, u64::MAX)
    }

    fn read(&mut self, file: &mut File, most: u64) -> io::Result<Vec<String>> {
        let mut bytes = Vec::new();
        let read = file.take(most).read_to_end(&mut bytes)?;
        if let Some((_, place)) = &mut self.place {
            *place += read as u64;
        }
        self.begun.extend_from_slice(&bytes);
        let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') else { return Ok(Vec::new()) };
        let begun = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, begun);
        Ok(String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect())
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn append(path: &Path, text: &str) -> anyhow::Result<()> {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        Ok(file.write_all(text.as_bytes())?)
    }

    #[test]
    fn the_newest_lines_then_the_news_across_a_file_that_is_put_aside() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let path = temp.path().join("app.log");
        append(&path, "one\ntwo\nthree\nhal")?;
        let (lines, mut follower) = newest(&path, 2)?;
        assert_eq!(lines, ["two", "three"]);
        assert_eq!(follower.news()?, Vec::<String>::new());
        append(&path, "f\n")?;
        assert_eq!(follower.news()?, ["half"]);
        append(&path, "last of the old\n")?;
        std::fs::rename(&path, temp.path().join("app.log.1"))?;
        append(&path, "first of the new\n")?;
        assert_eq!(follower.news()?, ["last of the old", "first of the new"]);
        Ok(())
    }

    #[test]
    fn a_log_that_is_not_there_yet_is_empty_until_it_comes() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let path = temp.path().join("app.log");
        let (lines, mut follower) = newest(&path, 10)?;
        assert!(lines.is_empty() && follower.news()?.is_empty());
        append(&path, "here\n")?;
        assert_eq!(follower.news()?, ["here"]);
        Ok(())
    }

    #[test]
    fn a_long_log_is_read_from_near_its_end() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let path = temp.path().join("app.log");
        let text: String = (0..200_000).map(|number| format!("line {number}\n")).collect();
        append(&path, &text)?;
        let (lines, _) = newest(&path, 3)?;
        assert_eq!(lines, ["line 199997", "line 199998", "line 199999"]);
        Ok(())
    }
}
