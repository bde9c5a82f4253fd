//! Everything of a box, and nothing of anybody else's.

use crate::services::scene::{SOON, Scene};
use anyhow::ensure;
use serde_json::Value;
use std::path::Path;
use tests::house::House;
use tests::process::Finished;
use tests::stores::Store;

const NEIGHBOUR: &str = "0a1b2c3d";

pub async fn uninstall(house: &House, words: &[&str]) -> anyhow::Result<Finished> {
    house.home.run(&[&["uninstall"], words].concat(), SOON).await
}

fn is_empty(folder: &Path) -> bool {
    !folder.exists()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_a_box_goes_and_its_neighbours_things_stay() -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.begin().await?;
    scene.until_serving().await?;
    scene.engine.put_neighbour(NEIGHBOUR);
    scene.engine.put_foreign_network("theirs");
    let (name, data) = (scene.name()?, scene.house.home.data_dir());
    let volume = format!("{name}-postgres");

    // A box that runs is not pulled from under anybody.
    let refused = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(refused.status.code() == Some(1) && refused.stderr.contains("stop it first"), "{refused:?}");
    scene.is_whole().await?;
    scene.house.stop().await?;

    // Nobody agreed: it says what would go, and nothing goes.
    scene.engine.forget_calls();
    let asked = uninstall(&scene.house, &[]).await?;
    ensure!(asked.status.code() == Some(1), "{asked:?}");
    for words in [
        format!("container  {name}-redis"),
        format!("network    {name}"),
        format!("volume     {volume}, with everything in it"),
        format!("data       {}, with everything in it", data.display()),
        "nothing was removed; say --yes".to_owned(),
    ] {
        ensure!(asked.stderr.contains(&words), "{words}: {asked:?}");
    }
    let dry = uninstall(&scene.house, &["--json"]).await?;
    let dry: Value = serde_json::from_str(&dry.stdout)?;
    ensure!(dry["would_remove"]["containers"].as_array().is_some_and(|all| all.len() == 4), "{dry}");
    ensure!(scene.engine.changes().is_empty(), "{:?}", scene.engine.changes());

    // An engine that cannot be asked: what it has would be forgotten for ever.
    scene.engine.stop()?;
    let refused = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(refused.stderr.contains("--without-engine") && data.join("config").exists(), "{refused:?}");
    scene.engine.start()?;

    let kept = uninstall(&scene.house, &["--yes", "--keep-data"]).await?;
    ensure!(kept.status.success() && kept.stdout.contains(&format!("the volume {volume} stays")), "{kept:?}");
    ensure!(scene.engine.volumes().contains(&volume) && data.join("config/master.key").exists());
    ensure!(scene.engine.of("redis").is_empty(), "its containers are gone");
    // And with what was kept it comes up again.
    scene.house.up().await?;
    scene.until_serving().await?;
    scene.house.stop().await?;

    let done = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(done.status.success() && done.stdout.starts_with("Removed:"), "{done:?}");
    ensure!(is_empty(&data), "{} is still there", data.display());
    let left = scene.engine.containers();
    ensure!(left.len() == 1 && left[0].name.contains(NEIGHBOUR), "{left:?}");
    ensure!(scene.engine.networks() == [format!("whisperengine-{NEIGHBOUR}"), "theirs".to_owned()]);
    ensure!(scene.engine.volumes() == [format!("whisperengine-{NEIGHBOUR}-postgres")]);
    let again = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(again.status.success() && again.stdout.contains("nothing to remove"), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn a_box_without_containers_goes_and_what_is_not_its_own_stays() -> anyhow::Result<()> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    house.stop().await?;
    let data = house.home.data_dir();
    let photo = data.join("holiday.jpg");
    std::fs::write(&photo, "mine")?;
    let done = uninstall(&house, &["--yes", "--json"]).await?;
    ensure!(done.status.success(), "{done:?}");
    let told: Value = serde_json::from_str(&done.stdout)?;
    let notes = told["removed"]["notes"].to_string();
    ensure!(notes.contains("holiday.jpg is not the box's and stays"), "{told}");
    let left: Vec<_> = std::fs::read_dir(&data)?.flatten().map(|entry| entry.path()).collect();
    ensure!(left == [photo], "{left:?}");
    Ok(())
}
