//! A container engine that is there, and is not the one that has the box's things.

use super::everything::uninstall;
use crate::services::scene::{SOON, Scene};
use anyhow::ensure;
use tests::daemon::engine::FakeEngine;

/// Somebody has another engine since, which is found in the place of the first.
fn find(scene: &mut Scene, name: &str) -> anyhow::Result<FakeEngine> {
    let socket = scene.house.home.path().join(name);
    let mut engine = FakeEngine::new(&socket)?;
    engine.start()?;
    scene.house.home.set("DOCKER_HOST", format!("unix://{}", socket.display()));
    Ok(engine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_has_nothing_of_a_box_does_not_make_its_things_forgotten() -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.begin().await?;
    scene.until_serving().await?;
    scene.house.stop().await?;
    let (volume, data) = (format!("{}-postgres", scene.name()?), scene.house.home.data_dir());
    let other = find(&mut scene, "other.sock")?;
    // Images that anybody may have say nothing of whose engine it is.
    other.put_neighbour("0a1b2c3d");

    for words in [&["--yes"][..], &["--yes", "--keep-data"]] {
        let refused = uninstall(&scene.house, words).await?;
        ensure!(refused.status.code() == Some(1), "{refused:?}");
        for told in [volume.as_str(), "Docker at ", "other.sock has nothing of it", "--without-engine"] {
            ensure!(refused.stderr.contains(told), "{told}: {refused:?}");
        }
    }
    ensure!(data.join("config/master.key").exists() && data.join("appliance.db").exists());
    ensure!(other.changes().is_empty(), "{:?}", other.changes());

    let done = uninstall(&scene.house, &["--yes", "--without-engine"]).await?;
    ensure!(done.status.success() && !data.exists(), "{done:?}");
    ensure!(scene.engine.volumes() == [volume] && scene.engine.containers().len() == 4);
    ensure!(other.changes().is_empty(), "{:?}", other.changes());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_without_a_volume_are_not_forgotten_either() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.house.stop().await?;
    let other = find(&mut scene, "other.sock")?;
    let refused = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(refused.stderr.contains("this box had services in a container engine"), "{refused:?}");
    ensure!(scene.house.home.data_dir().exists() && other.changes().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_removed_is_not_asked_for_again_until_there_is_more() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let data = scene.house.home.data_dir();
    scene.house.stop().await?;
    let kept = uninstall(&scene.house, &["--yes", "--keep-data"]).await?;
    ensure!(kept.status.success() && scene.engine.containers().is_empty(), "{kept:?}");
    let again = uninstall(&scene.house, &["--yes", "--keep-data"]).await?;
    ensure!(again.status.success() && again.stdout.contains("nothing to remove"), "{again:?}");

    // With what was kept it comes up, and has things there again.
    scene.house.up().await?;
    scene.until_serving().await?;
    scene.house.stop().await?;
    let other = find(&mut scene, "other.sock")?;
    let refused = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(refused.stderr.contains("this box had services in a container engine"), "{refused:?}");
    ensure!(data.exists() && other.changes().is_empty());

    let socket = scene.house.home.path().join("engine.sock");
    scene.house.home.set("DOCKER_HOST", format!("unix://{}", socket.display()));
    uninstall(&scene.house, &["--yes", "--keep-data"]).await?;
    scene.engine.stop()?;
    let done = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(done.status.success() && !data.exists(), "{done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_that_somebody_removed_does_not_keep_the_rest() -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.begin().await?;
    scene.until_serving().await?;
    scene.house.stop().await?;
    let volume = format!("{}-postgres", scene.name()?);
    scene.engine.lose_volumes();
    let done = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(
        done.status.success() && done.stdout.contains(&format!("the volume {volume} is not in ")),
        "{done:?}"
    );
    ensure!(scene.engine.containers().is_empty() && scene.engine.networks().is_empty());
    ensure!(!scene.house.home.data_dir().exists());
    Ok(())
}

/// All that an engine may still have of a box that was taken down by hand: the image that was built there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_was_built_there_tells_that_it_is_the_right_engine() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let id = scene.records("SELECT id FROM box")?;
    scene.house.stop().await?;
    for one in scene.engine.containers() {
        scene.engine.remove(&one.id).await?;
    }
    scene.engine.prune_networks();
    let refused = uninstall(&scene.house, &["--yes"]).await?;
    ensure!(refused.stderr.contains("has nothing of it"), "{refused:?}");
    scene.engine.has_built(&id);
    let done = scene.house.home.run(&["uninstall", "--yes"], SOON).await?;
    ensure!(done.status.success() && !scene.house.home.data_dir().exists(), "{done:?}");
    Ok(())
}
