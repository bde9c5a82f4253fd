//! A test for which this machine lacks something says so where `scripts/test` looks.

use std::io::Write;

/// The test returns right after it: it has shown nothing.
pub fn report(test: &str, reason: &str) -> std::io::Result<()> {
    eprintln!("skipped: {test}: {reason}");
    let Some(list) = std::env::var_os("WHISPERENGINE_TEST_SKIPS") else { return Ok(()) };
    let mut list = std::fs::OpenOptions::new().append(true).create(true).open(list)?;
    writeln!(list, "{test}: {reason}")
}
