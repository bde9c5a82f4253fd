//! A database on a file system that takes nothing.

use super::file::{database_file, files, lived_in, refused, untouched};
use anyhow::ensure;
use tests::mount::Mount;
use tests::skip;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_database_is_named() -> anyhow::Result<()> {
    let mut house = lived_in().await?;
    let folder = house.home.data_dir().join("data");
    let mount = match Mount::over(&folder)? {
        Ok(mount) => mount,
        Err(reason) => return Ok(skip::report("damage::read_only", &reason)?),
    };
    mount.remount("remount,ro,bind")?;
    refused(&mut house, &["read-only"]).await?;
    mount.remount("remount,rw,bind")?;
    house.up().await?;
    house.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_data_directory_is_named() -> anyhow::Result<()> {
    let mut house = lived_in().await?;
    let place = house.home.data_dir();
    let mount = match Mount::over(&place)? {
        Ok(mount) => mount,
        Err(reason) => return Ok(skip::report("damage::read_only", &reason)?),
    };
    mount.remount("remount,ro,bind")?;
    let before = files(&house)?;
    let (status, said) = house.fail_up().await?;
    ensure!(status.is_some_and(|status| status != 0), "{said}");
    ensure!(said.contains(&place.display().to_string()) && !said.contains("panicked"), "{said}");
    untouched(&house, &before)?;
    ensure!(database_file(&house).is_file(), "the database is gone");
    Ok(())
}
