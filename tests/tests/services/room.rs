//! An image that does not fit is not fetched to its end: said as soon as its size is, and tried again when there is room.

use super::scene::{REDIS, Scene};
use anyhow::ensure;
use serde_json::json;
use tests::daemon::script::{Answer, End};
use tests::mount::Mount;
use tests::skip;

const SMALL_MB: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_stopped_and_both_numbers_are_said() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let small = scene.house.home.path().join("small");
    std::fs::create_dir(&small)?;
    let mount = match Mount::of_memory(&small, SMALL_MB)? {
        Ok(mount) => mount,
        Err(reason) => return Ok(skip::report("services::room", &reason)?),
    };
    scene.engine.keeps_images_in(&small);
    let layer = |id: &str, total: u64| json!({"status": "Downloading", "id": id, "progressDetail": {"current": 1_000_000, "total": total}});
    let layers = vec![layer("a", 51_000_000), layer("b", 201_000_000)];
    scene.engine.answer("POST", "/images/create", Answer::Lines(layers, End::Silence));
    scene.begin().await?;
    let line = scene.hears("redis ran out of disk").await?;
    ensure!(line.detail.starts_with("it needs 250 MB, and has 6"), "{line:?}");
    scene.is_whole().await?;
    let failed = scene.records("SELECT detail FROM jobs WHERE outcome = 'failed' LIMIT 1")?;
    ensure!(failed.contains("it needs 250 MB"), "{failed}");
    // There is room: the same engine, on the disk it really has.
    drop(mount);
    scene.engine.be_honest();
    scene.until_serving().await?;
    scene.engine.only(REDIS)?;
    scene.is_tidy().await
}
