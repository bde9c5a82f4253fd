//! What `docs/SECURITY-TESTS.md` promises is there: each name in it is the name of a test.

use super::source::{self, Source};
use anyhow::ensure;

/// The names in the second column that no source has a function for.
fn missing(document: &str, sources: &[Source]) -> Vec<String> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    let names = rows.flat_map(|tests| tests.split('`').skip(1).step_by(2));
    let there = |name: &str| sources.iter().any(|source| source.text.contains(&format!("fn {name}(")));
    names.filter(|name| !there(name)).map(str::to_owned).collect()
}

#[test]
fn every_security_test_that_is_named_is_there() -> anyhow::Result<()> {
    let document = std::fs::read_to_string(source::root().join("docs/SECURITY-TESTS.md"))?;
    let rows = document.lines().filter(|line| line.starts_with("| ") && line.contains('`')).count();
    ensure!(rows > 20, "the table has {rows} rows with tests");
    let missing = missing(&document, &source::all()?);
    ensure!(missing.is_empty(), "docs/SECURITY-TESTS.md names tests that are not there: {missing:#?}");
    Ok(())
}

#[test]
fn a_test_that_was_renamed_is_caught() {
    let sources = [Source::new("a.rs", "fn it_holds() {}\nfn it_holds_well() {}")];
    let document = "| failure | tests |\n|---|---|\n| a `b` | `it_holds`, `it_hold`; not yet |\n";
    assert_eq!(missing(document, &sources), ["it_hold"]);
}
