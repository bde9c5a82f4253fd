//! Where the built program is. `scripts/test` builds it and says so; the harness never builds.

use anyhow::{Context, ensure};
use std::path::PathBuf;

/// The `whisperengine` binary under test.
pub fn whisperengine() -> anyhow::Result<PathBuf> {
    let path: PathBuf = std::env::var_os("WHISPERENGINE_TEST_BIN")
        .context("WHISPERENGINE_TEST_BIN names no binary: run the suite with scripts/test")?
        .into();
    ensure!(path.is_file(), "WHISPERENGINE_TEST_BIN is {}, and no file is there", path.display());
    Ok(path)
}
