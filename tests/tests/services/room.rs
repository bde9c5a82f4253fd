//! An image that does not fit is not fetched: said at the beginning, and tried again when there is room.

use super::scene::{REDIS, Scene};
use crate::damage::mount::Mount;
use anyhow::ensure;
use tests::skip;

const SMALL_MB: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_not_fetched_and_both_numbers_are_said() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let small = scene.house.home.path().join("small");
    std::fs::create_dir(&small)?;
    let mount = match Mount::of_memory(&small, SMALL_MB)? {
        Ok(mount) => mount,
        Err(reason) => return Ok(skip::report("services::room", &reason)?),
    };
    scene.engine.keeps_images_in(&small);
    scene.begin().await?;
    let line = scene.hears("redis ran out of disk").await?;
    ensure!(
        line.detail.starts_with("it needs 250 MB beside the 1073 MB that stay free, and has 6"),
        "{line:?}"
    );
    ensure!(
        !scene.engine.calls().iter().any(|call| call.path.starts_with("/images/create")),
        "it was fetched"
    );
    scene.is_whole().await?;
    let failed = scene.records("SELECT detail FROM jobs WHERE outcome = 'failed' LIMIT 1")?;
    ensure!(failed.contains("it needs 250 MB"), "{failed}");
    // There is room: the same engine, on the disk it really has.
    drop(mount);
    scene.until_serving().await?;
    scene.engine.only(REDIS)?;
    scene.is_tidy()
}
