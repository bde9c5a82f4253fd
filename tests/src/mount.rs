//! Small file systems of a test's own, gone with it.

use anyhow::{Context, ensure};
use rustix::fs::statvfs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use uuid::Uuid;

pub struct Mount {
    place: PathBuf,
}

impl Mount {
    /// `None`, with the reason, where this machine lets nobody mount.
    pub fn of_memory(place: &Path, mebibytes: u64) -> anyhow::Result<Result<Self, String>> {
        std::fs::create_dir_all(place)?;
        let size = format!("size={mebibytes}m,mode=0700");
        Self::make(place, &["-t", "tmpfs", "-o", &size, "tmpfs"])
    }

    /// The folder itself, as a place that can be made read-only.
    pub fn over(place: &Path) -> anyhow::Result<Result<Self, String>> {
        let folder = place.to_str().context("a path of plain letters")?;
        Self::make(place, &["--bind", folder])
    }

    fn make(place: &Path, words: &[&str]) -> anyhow::Result<Result<Self, String>> {
        let done = Command::new("mount").args(words).arg(place).output()?;
        if done.status.success() {
            return Ok(Ok(Self { place: place.to_owned() }));
        }
        Ok(Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
    }

    /// Of one in memory: what is on it stays, and there is so much room beside it.
    pub fn leave(&self, kibibytes: u64) -> anyhow::Result<()> {
        let now = statvfs(&self.place)?;
        let taken = (now.f_blocks - now.f_bfree) * now.f_frsize / 1024;
        self.remount(&format!("remount,size={}k", taken + kibibytes))
    }

    /// A file that takes all the room there is. Whoever removes it gets the room back.
    pub fn fill(&self) -> anyhow::Result<PathBuf> {
        let ballast = self.place.join(format!("ballast-{}", Uuid::new_v4()));
        let mut file = std::fs::File::create(&ballast)?;
        for size in [1024 * 1024, 4096, 1] {
            let piece = vec![0; size];
            loop {
                match file.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(ballast)
    }

    pub fn remount(&self, options: &str) -> anyhow::Result<()> {
        let done = Command::new("mount").args(["-o", options]).arg(&self.place).output()?;
        ensure!(done.status.success(), "remount: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily, so that a process that is being killed does not keep it.
        if !Command::new("umount").arg("-l").arg(&self.place).status().is_ok_and(|status| status.success()) {
            eprintln!("a mount stayed behind: {}", self.place.display());
        }
    }
}
