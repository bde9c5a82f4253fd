//! Secrets on their way between a file and a command; never as an argument, which everybody can list.

use crate::config::data_dir::write_private;
use crate::config::secret::Secret;
use anyhow::{Context as _, ensure};
use std::io::Read;
use std::path::Path;

/// The content without the line end that editors add. `-` is standard input.
pub fn read(path: &Path) -> anyhow::Result<Secret> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(secret.strip_suffix('\r').unwrap_or(secret)))
}

/// Fails before anything was done where a secret could not be written down afterwards.
pub fn check_place(path: &Path) -> anyhow::Result<()> {
    ensure!(!path.is_dir(), "{} is a directory: name a file", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
        .with_context(|| format!("{} cannot be written to", folder.display()))
}

/// Readable by its owner only.
pub fn write(path: &Path, secret: &str) -> anyhow::Result<()> {
    write_private(path, format!("{secret}\n").as_bytes())
        .with_context(|| format!("{} could not be written", path.display()))
}
