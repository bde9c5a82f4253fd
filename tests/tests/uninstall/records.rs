//! Records that cannot be read, or not be written any more, keep nobody from leaving.

use super::everything::uninstall;
use crate::services::scene::Scene;
use anyhow::ensure;
use tests::house::House;
use tests::mount::Mount;
use tests::skip;
use tests::stores::Store;

#[tokio::test]
async fn damaged_records_are_told_with_the_way_out_and_are_not_needed_on_it() -> anyhow::Result<()> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    house.stop().await?;
    let data = house.home.data_dir();
    // With what was not brought home yet it would still be whole.
    for name in ["appliance.db", "appliance.db-wal"] {
        std::fs::write(data.join(name), "no database, and never was one".repeat(1_000))?;
    }
    let refused = uninstall(&house, &["--yes"]).await?;
    ensure!(refused.status.code() == Some(1), "{refused:?}");
    for words in ["the box's own records do not tell", "--without-engine goes on", "not a database"] {
        ensure!(refused.stderr.contains(words), "{words}: {refused:?}");
    }
    ensure!(data.join("config/master.key").exists(), "something went");
    let done = uninstall(&house, &["--yes", "--without-engine"]).await?;
    ensure!(done.status.success() && !data.exists(), "{done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_keeps_nobody_from_removing_everything() -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    let data = scene.house.home.data_dir();
    let mount = match Mount::of_memory(&data, 64)? {
        Ok(mount) => mount,
        Err(reason) => return Ok(skip::report("uninstall::records", &reason)?),
    };
    scene.begin().await?;
    scene.until_serving().await?;
    // Killed, so that what it wrote last is not yet where it belongs.
    scene.house.kill()?;
    let ballast = mount.fill()?;
    let asked = uninstall(&scene.house, &[]).await?;
    ensure!(asked.stderr.contains("-postgres, with everything in it"), "{asked:?}");
    std::fs::remove_file(ballast)?;
    // Whoever opens the records now finds nothing beside them, as after an end in order.
    uninstall(&scene.house, &[]).await?;
    ensure!(!data.join("appliance.db-wal").exists());
    std::fs::remove_file(data.join("appliance.db-shm"))?;
    // Nor has it room for the name of who holds it.
    std::fs::write(data.join("run/lock"), "")?;
    let ballast = mount.fill()?;
    let done = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(done.status.success() && done.stdout.starts_with("Removed:"), "{done:?}");
    let (engine, left) = (&scene.engine, std::fs::read_dir(&data)?.flatten());
    ensure!(engine.containers().is_empty() && engine.networks().is_empty() && engine.volumes().is_empty());
    let left: Vec<_> = left.map(|entry| entry.path()).collect();
    ensure!(left == [ballast], "{left:?}");
    Ok(())
}
