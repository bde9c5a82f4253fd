//! What people do to containers behind the box's back, and what is theirs.

use super::register::row;
use super::scene::{REDIS, Scene};
use anyhow::ensure;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_prunes_everything_finds_it_made_again() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.engine.prune_everything().await?;
    scene.is_whole().await?;
    scene.until_serving().await?;
    ensure!(scene.engine.only(REDIS)?.id != before.id, "it is another one");
    scene.is_tidy().await
}

/// A container that was made in a network wants that very one again, whatever a new one is called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_was_pruned_while_the_box_was_away_is_made_again() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.house.stop().await?;
    ensure!(scene.engine.prune_networks() == 1, "it was unused");
    scene.house.up().await?;
    scene.until_serving().await?;
    scene.is_whole().await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_was_renamed_is_replaced_and_not_doubled() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.house.kill()?;
    scene.engine.rename(&before.id, "my-favourite-cache")?;
    scene.house.up().await?;
    scene.until_serving().await?;
    scene.is_whole().await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_renamed_while_it_served_goes_on_serving() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.engine.forget_calls();
    scene.engine.rename(&before.id, "my-favourite-cache")?;
    scene.engine.until_somebody_listens().await?;
    scene.engine.cut_news();
    scene.is_whole().await?;
    ensure!(scene.engine.done().is_empty(), "{:?}", scene.engine.done());
    scene.engine.kill(REDIS)?;
    scene.until_serving().await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_stopped_by_hand_is_started_again() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.engine.until_somebody_listens().await?;
    scene.engine.end(&before.id).await?;
    scene.hears("ended by itself: resting").await?;
    scene.is_whole().await?;
    scene.until_serving().await?;
    let after = scene.engine.only(REDIS)?;
    ensure!(after.id == before.id && after.starts == 2, "{after:?}");
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_of_our_name_that_is_not_ours_is_left_alone() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    scene.house.up().await?;
    scene.house.set_up().await?;
    let name = scene.name()?;
    scene.engine.put_foreign_network(&name);
    scene.engine.start()?;
    let taken = row("name_taken")?.what;
    scene.hears(&format!("{REDIS} {taken}: parked")).await?;
    scene.is_whole().await?;
    let touched: Vec<_> = scene.engine.changes().into_iter().filter(|call| call.subject.is_some()).collect();
    ensure!(touched.is_empty(), "{touched:?}");
    ensure!(scene.engine.networks() == [name], "{:?}", scene.engine.networks());
    Ok(())
}

/// What no plan has any more goes; what is not ours stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_its_owner_wants_no_more_leaves_nothing_behind_and_takes_nothing_else()
-> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.engine.put_foreign_container("somebody-elses");
    scene.house.kill()?;
    scene.records("INSERT INTO choices (service, home, chosen_at) VALUES ('redis', 'native', 0)")?;
    scene.house.up().await?;
    let gone = async || Ok(scene.engine.of(REDIS).is_empty().then_some(()));
    tests::wait::until("the container to go", super::scene::SOON, gone).await?;
    scene.is_whole().await?;
    ensure!(scene.engine.containers().len() == 1, "{:?}", scene.engine.containers());
    Ok(())
}
