//! A database file that is damaged, cut, somebody else's or held by somebody else.

use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::house::House;
use tests::http;
use tests::stores::Store;
use tests::talk::Talk;
use tests::wait;

/// A box that was lived in and left in good order.
pub async fn lived_in() -> anyhow::Result<House> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    Talk::open(house.client()).await?.exchange("I was here").await?;
    house.stop().await?;
    Ok(house)
}

pub fn database_file(house: &House) -> PathBuf {
    house.home.data_dir().join("data/engine.db")
}

/// Every file of the database's folder with its content.
pub fn files(house: &House) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let folder = house.home.data_dir().join("data");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.insert(path.clone(), std::fs::read(&path)?);
        }
    }
    Ok(files)
}

/// `up` ends, says all of `reasons` and the file's name, and has changed nothing.
pub async fn refused(house: &mut House, reasons: &[&str]) -> anyhow::Result<()> {
    let before = files(house)?;
    let (status, said) = house.fail_up().await?;
    ensure!(status == Some(1), "it ended with {status:?}: {said}");
    let file = database_file(house).display().to_string();
    for wanted in reasons.iter().copied().chain([file.as_str()]) {
        ensure!(said.contains(wanted), "{wanted:?} is not said: {said}");
    }
    ensure!(!said.contains("panicked"), "{said}");
    untouched(house, &before)
}

/// What was there is as it was. Looking into a file with a log of its own leaves that log, empty.
pub fn untouched(house: &House, before: &BTreeMap<PathBuf, Vec<u8>>) -> anyhow::Result<()> {
    let after = files(house)?;
    for (file, content) in before {
        ensure!(after.get(file) == Some(content), "{} was touched", file.display());
    }
    for (file, content) in after.iter().filter(|(file, _)| !before.contains_key(*file)) {
        let name = file.display().to_string();
        let left_by_looking = name.ends_with("-shm") || (name.ends_with("-wal") && content.is_empty());
        ensure!(left_by_looking, "{name} was made");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_named_and_left_as_it_was() -> anyhow::Result<()> {
    let mut house = lived_in().await?;
    let sound = std::fs::read(database_file(&house))?;
    let mut schema = sound.clone();
    schema[100..4096].fill(0xa5);
    let mut header = sound.clone();
    header[16..20].fill(0xff);
    let cases: [(&str, &[u8]); 5] = [
        ("not a SQLite database", b"Dear diary, today I was used as a database."),
        ("not a SQLite database", &[0; 8192]),
        ("cut short", &sound[..2000]),
        ("header", &header),
        ("damaged", &schema),
    ];
    for (reason, content) in cases {
        std::fs::write(database_file(&house), content)?;
        refused(&mut house, &[reason]).await.with_context(|| reason.to_owned())?;
    }
    // The right file put back, everything is there.
    std::fs::write(database_file(&house), &sound)?;
    house.up().await?;
    house.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_program_is_left_alone() -> anyhow::Result<()> {
    let mut house = lived_in().await?;
    for file in files(&house)?.into_keys() {
        std::fs::remove_file(file)?;
    }
    let mut other = sqlite(&database_file(&house))?;
    tell(&mut other, "CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup');")?;
    drop(other.stdin.take());
    ensure!(other.wait()?.success(), "sqlite3 failed");
    refused(&mut house, &["another program"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_held_by_another_program_is_named_and_waited_for() -> anyhow::Result<()> {
    let mut house = lived_in().await?;
    let file = database_file(&house);
    let mut holder = sqlite(&file)?;
    tell(&mut holder, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT 'held';")?;
    let answers = BufReader::new(holder.stdout.take().context("its answers")?);
    ensure!(answers.lines().any(|line| line.is_ok_and(|line| line == "held")), "nobody holds it");
    house.start().await?;
    let place = file.display().to_string();
    wait::until("the page to say what it waits for", Duration::from_secs(20), async || {
        let answer = http::get(house.address(), "/ready").await?;
        let told = String::from_utf8_lossy(answer.body()).into_owned();
        ensure!(answer.status() == 503, "{told}");
        Ok((told.contains("locked") && told.contains(&place)).then_some(()))
    })
    .await?;
    holder.kill()?;
    holder.wait()?;
    house.until_ready().await?;
    ensure!(house.home.said()?.contains(&place), "the log does not name the file");
    house.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_program_on_one_data_directory_is_refused() -> anyhow::Result<()> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    let (status, said) = house.fail_up().await?;
    let place = house.home.data_dir().display().to_string();
    ensure!(status == Some(1) && said.contains(&place), "{status:?}: {said}");
    // The first one does not notice.
    Talk::open(house.client()).await?.exchange("still here?").await?;
    house.stop().await
}

/// SQLite's own shell, waiting for words.
pub fn sqlite(file: &Path) -> anyhow::Result<Child> {
    let shell = Command::new("sqlite3").arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    shell.context("sqlite3 could not be started")
}

pub fn tell(shell: &mut Child, words: &str) -> anyhow::Result<()> {
    let input = shell.stdin.as_mut().context("its input is open")?;
    Ok(writeln!(input, "{words}")?)
}
