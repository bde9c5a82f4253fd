//! A file that is put aside when it is full: `app.log`, `app.log.1`, `app.log.2` …
//!
//! Whole lines only: a line is written with one call and never split over two files. Closed to everybody
//! but its owner.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone)]
pub struct Rotating(Arc<Mutex<Open>>);

struct Open {
    path: PathBuf,
    file: File,
    size: u64,
    /// Bytes after which the file is put aside.
    limit: u64,
    keep: u32,
}

impl Rotating {
    pub fn open(path: PathBuf, limit: u64, keep: u32) -> io::Result<Self> {
        let file = append(&path)?;
        let size = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(Open { path, file, size, limit, keep }))))
    }
}

impl Open {
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.size > 0 && self.size + line.len() as u64 > self.limit {
            self.put_aside()?;
        }
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(())
    }

    fn put_aside(&mut self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            rename(&numbered(&self.path, number), &numbered(&self.path, number + 1))?;
        }
        if self.keep > 0 {
            rename(&self.path, &numbered(&self.path, 1))?;
        } else {
            std::fs::remove_file(&self.path)?;
        }
        self.file = append(&self.path)?;
        self.size = self.file.metadata()?.len();
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
}

/// One line on its way into the file.
pub struct Line {
    open: Arc<Mutex<Open>>,
    bytes: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = open.write_line(&self.bytes) {
            // Nobody else can be told that the log cannot be written.
            drop(writeln!(io::stderr(), "{} cannot be written: {error}", open.path.display()));
        }
    }
}

impl<'a> MakeWriter<'a> for Rotating {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { open: Arc::clone(&self.0), bytes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn write(log: &Rotating, line: &str) {
        let mut writer = log.make_writer();
        writer.write_all(line.as_bytes()).expect("kept in memory");
    }

    #[test]
    fn full_files_are_put_aside_and_only_so_many_are_kept() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let path = temp.path().join("app.log");
        let log = Rotating::open(path.clone(), 20, 2)?;
        for number in 0..5 {
            write(&log, &format!("line number {number}\n"));
        }
        let read = |name: &str| std::fs::read_to_string(temp.path().join(name));
        assert_eq!(read("app.log")?, "line number 4\n");
        assert_eq!(read("app.log.1")?, "line number 3\n");
        assert_eq!(read("app.log.2")?, "line number 2\n");
        assert!(read("app.log.3").is_err());
        assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        Ok(())
    }

    #[test]
    fn a_restart_goes_on_where_the_file_ended_and_a_long_line_stays_whole() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let path = temp.path().join("app.log");
        write(&Rotating::open(path.clone(), 30, 1)?, "before\n");
        let again = Rotating::open(path.clone(), 30, 1)?;
        write(&again, "after\n");
        assert_eq!(std::fs::read_to_string(&path)?, "before\nafter\n");
        write(&again, &format!("{}\n", "x".repeat(100)));
        assert_eq!(std::fs::read_to_string(&path)?.len(), 101);
        assert_eq!(std::fs::read_to_string(temp.path().join("app.log.1"))?, "before\nafter\n");
        Ok(())
    }

    #[test]
    fn nothing_is_kept_where_nothing_should_be() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let log = Rotating::open(temp.path().join("app.log"), 10, 0)?;
        write(&log, "one two\n");
        write(&log, "three\n");
        assert_eq!(std::fs::read_to_string(temp.path().join("app.log"))?, "three\n");
        assert_eq!(std::fs::read_dir(temp.path())?.count(), 1);
        Ok(())
    }
}
