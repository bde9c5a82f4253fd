//! What a program needs to run on an otherwise empty file system: itself, its loader, and every library that loader
//! would load. The loader is asked, since it alone knows.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program's segment that names its loader.
const INTERPRETER: u32 = 3;

#[derive(Debug, thiserror::Error)]
pub enum ClosureError {
    #[error("{} cannot be read: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is no program of this machine", .0.display())]
    NotAProgram(PathBuf),
    #[error("the loader cannot say what {} needs: {said}", path.display())]
    Loader { path: PathBuf, said: String },
}

/// Absolute paths, the program's own not among them. Empty for a program that needs nothing.
pub fn closure(program: &Path) -> Result<BTreeSet<PathBuf>, ClosureError> {
    let Some(loader) = loader(program)? else { return Ok(BTreeSet::new()) };
    let failed = |said: String| ClosureError::Loader { path: program.to_owned(), said };
    let output = Command::new(&loader).arg("--list").arg(program).output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(missing) = listed.lines().find(|line| line.contains("not found")) {
        return Err(failed(missing.trim().to_owned()));
    }
    let mut all: BTreeSet<PathBuf> = listed.lines().filter_map(listed_path).collect();
    all.insert(loader);
    Ok(all)
}

/// `name => /path (0x…)`, or `/path (0x…)`; what the kernel gives has no path.
fn listed_path(line: &str) -> Option<PathBuf> {
    let line = line.trim();
    let path = line.split_once("=> ").map_or(line, |(_, path)| path);
    let path = path.split(" (").next()?;
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// Reads the header of a 64-bit program, little end first, as both platforms that the box runs on have it.
fn loader(program: &Path) -> Result<Option<PathBuf>, ClosureError> {
    let io = |source| ClosureError::Io { path: program.to_owned(), source };
    let not_a_program = || ClosureError::NotAProgram(program.to_owned());
    let mut file = std::fs::File::open(program).map_err(io)?;
    let mut header = [0; 64];
    file.read_exact(&mut header).map_err(|_| not_a_program())?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Err(not_a_program());
    }
    let (offset, size, count) = (long(&header, 32), short(&header, 54), short(&header, 56));
    for number in 0..u64::from(count) {
        let mut segment = [0; 56];
        file.seek(SeekFrom::Start(offset + number * u64::from(size))).map_err(io)?;
        file.read_exact(&mut segment).map_err(io)?;
        if u32::from_le_bytes(segment[..4].try_into().expect("four bytes")) == INTERPRETER {
            let (at, length) = (long(&segment, 8), long(&segment, 32));
            let mut name = vec![0; usize::try_from(length.min(4096)).unwrap_or_default()];
            file.seek(SeekFrom::Start(at)).map_err(io)?;
            file.read_exact(&mut name).map_err(io)?;
            let name = String::from_utf8(name).map_err(|_| not_a_program())?;
            return Ok(Some(name.trim_end_matches('\0').into()));
        }
    }
    Ok(None)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_listed_with_its_loader_and_libraries_that_are_there() {
        let all = closure(&std::env::current_exe().expect("a test is a program")).expect("listed");
        assert!(all.iter().any(|path| path.display().to_string().contains("libc.so")), "{all:?}");
        assert!(all.iter().any(|path| path.display().to_string().contains("ld-linux")), "{all:?}");
        assert!(all.iter().all(|path| path.is_file()), "{all:?}");
    }

    #[test]
    fn what_is_no_program_says_so() {
        let temp = tempfile::tempdir().expect("a directory");
        let text = temp.path().join("text");
        std::fs::write(&text, "#!/bin/sh\n".repeat(20)).expect("written");
        assert!(matches!(closure(&text), Err(ClosureError::NotAProgram(_))));
        assert!(matches!(closure(&temp.path().join("nothing")), Err(ClosureError::Io { .. })));
    }
}
