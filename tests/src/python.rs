//! The Python that `scripts/test-python` put beside the build, and what it brought.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};

/// Its interpreter.
pub fn interpreter() -> anyhow::Result<PathBuf> {
    let python = installed().join("bin/python");
    ensure!(python.is_file(), "{} is missing: scripts/test-python installs it", python.display());
    Ok(python)
}

/// A program of `tests/python`.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

/// The source of axe, which finds barriers in a page.
pub fn axe() -> anyhow::Result<String> {
    interpreter()?;
    let libraries = std::fs::read_dir(installed().join("lib"))?.next().context("there is no library")??;
    let source = libraries.path().join("site-packages/axe_playwright_python/axe.min.js");
    std::fs::read_to_string(&source).with_context(|| source.display().to_string())
}

fn installed() -> PathBuf {
    crate::built::folder().join("python")
}
