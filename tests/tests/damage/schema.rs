//! A database that a newer version has written: this one does not touch it.

use super::file::{database_file, lived_in, refused, sqlite, tell};
use anyhow::ensure;
use tests::house::House;
use tests::stores::Store;

const NEWER: &str = "INSERT INTO schema_history (version, min_reader, name, applied_at) \
    VALUES (99990101000000, 99990101000000, 'from tomorrow', 0);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_sqlite_database_is_refused() -> anyhow::Result<()> {
    let mut house = lived_in().await?;
    let mut shell = sqlite(&database_file(&house))?;
    tell(&mut shell, NEWER)?;
    drop(shell.stdin.take());
    ensure!(shell.wait()?.success(), "sqlite3 failed");
    refused(&mut house, &["99990101000000", "newer"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_postgres_database_is_refused() -> anyhow::Result<()> {
    const HISTORY: &str = "SELECT string_agg(version || name, ',' ORDER BY version) FROM schema_history";
    let mut house = House::inhabited(Store::Postgres).await?;
    house.stop().await?;
    house.database()?.ask(NEWER)?;
    let before = house.database()?.ask(HISTORY)?;
    let (status, said) = house.fail_up().await?;
    ensure!(status == Some(1), "it ended with {status:?}: {said}");
    let name = house.database()?.ask("SELECT current_database()")?;
    for wanted in ["99990101000000", "newer", &name] {
        ensure!(said.contains(wanted), "{wanted:?} is not said: {said}");
    }
    ensure!(house.database()?.ask(HISTORY)? == before, "the schema was touched");
    Ok(())
}
