//! Somebody at a terminal is asked, and only one word means yes.

use super::terminal::Terminal;
use crate::services::scene::SOON;
use anyhow::ensure;
use std::path::{Path, PathBuf};
use tests::house::House;
use tests::stores::Store;

const QUESTION: &str = "Type \"remove\" to go on:";
/// Ctrl-D: no answer at all.
const END: &str = "\u{4}";

/// But for what whoever comes next may clear away: logs of databases that were brought home, and what is in `run`.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        }
        found.push(path);
    }
    found.retain(|path| ![".db-", "/run/"].iter().any(|part| path.to_string_lossy().contains(part)));
    found.sort();
    Ok(found)
}

#[tokio::test]
async fn only_the_right_word_removes_and_any_other_leaves_everything() -> anyhow::Result<()> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    house.stop().await?;
    let data = house.home.data_dir();
    let before = files(&data)?;
    for answer in ["yes\n", "removed\n", "\n", END] {
        let mut terminal = Terminal::run(&house.home, &["uninstall"])?;
        terminal.until_it_shows(QUESTION, SOON).await?;
        ensure!(
            terminal.shows().contains(&format!("data       {}, with everything", data.display())),
            "{}",
            terminal.shows()
        );
        terminal.types(answer)?;
        let ended = terminal.until_it_ends(SOON).await?;
        terminal.until_it_shows("nothing was removed", SOON).await?;
        ensure!(ended.code() == Some(1), "{answer:?}: {ended}");
        let after = files(&data)?;
        ensure!(after == before, "{answer:?}: of {before:?} there is {after:?}");
    }
    // And it is as it was.
    house.up().await?;
    house.stop().await?;

    let mut terminal = Terminal::run(&house.home, &["uninstall"])?;
    terminal.until_it_shows(QUESTION, SOON).await?;
    terminal.types("remove\n")?;
    let ended = terminal.until_it_ends(SOON).await?;
    terminal.until_it_shows("Removed:", SOON).await?;
    ensure!(ended.success() && !data.exists(), "{ended}: {}", terminal.shows());
    Ok(())
}
