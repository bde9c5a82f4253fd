//! The box, its engine and its services come and go in any order: what answers is left alone, what is gone is fallen
//! back from, and taken up again.

use super::scene::{ENGINE, REDIS, SOON, Scene};
use anyhow::ensure;
use tests::daemon::script::Answer;
use tests::wait;
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_was_killed_takes_up_what_runs_without_a_call_that_changes_it() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.containers();
    scene.engine.forget_calls();
    scene.house.kill()?;
    scene.house.up().await?;
    scene.until_serving().await?;
    ensure!(scene.engine.done().is_empty(), "{:?}", scene.engine.done());
    ensure!(scene.engine.containers() == before, "{:?}", scene.engine.containers());
    scene.is_whole().await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_end_with_the_box_and_the_same_ones_start_with_it() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.house.stop().await?;
    scene.until_nothing_runs().await?;
    let open = scene.house.home.data_dir().join("appliance.db-wal");
    ensure!(!open.exists(), "its records were left open");
    scene.engine.forget_calls();
    scene.house.up().await?;
    scene.until_serving().await?;
    ensure!(scene.engine.done() == ["POST /containers/start"], "{:?}", scene.engine.done());
    ensure!(scene.engine.only(REDIS)?.id == before.id, "it is another one");
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_comes_after_the_box_is_taken_up_when_it_comes() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    scene.house.up().await?;
    scene.house.set_up().await?;
    scene.is_whole().await?;
    scene.engine.start()?;
    scene.until_serving().await?;
    scene.is_whole().await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_used_on_while_its_engine_is_gone() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.containers();
    scene.engine.forget_calls();
    scene.engine.stop()?;
    scene.hears("was serving and is unwatched").await?;
    scene.is_whole().await?;
    scene.engine.start()?;
    scene.until_serving().await?;
    ensure!(scene.engine.done().is_empty(), "{:?}", scene.engine.done());
    ensure!(scene.engine.containers() == before, "{:?}", scene.engine.containers());
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_takes_its_containers_with_it_gets_them_started_again() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.engine.forget_calls();
    scene.engine.stop_with_containers().await?;
    scene.hears("and is waiting").await?;
    scene.is_whole().await?;
    scene.engine.start()?;
    scene.until_serving().await?;
    ensure!(scene.engine.done() == ["POST /containers/start"], "{:?}", scene.engine.done());
    ensure!(scene.engine.only(REDIS)?.id == before.id, "it is another one");
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_stops_nobody() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.engine.forget_calls();
    scene.engine.hang(true);
    scene.is_whole().await?;
    scene.hears("was serving and is unwatched").await?;
    scene.is_whole().await?;
    scene.engine.hang(false);
    scene.until_serving().await?;
    ensure!(scene.engine.done().is_empty(), "{:?}", scene.engine.done());
    scene.is_tidy().await
}

/// News has gaps: what happens in one is seen soon after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_no_news_comes_is_seen_all_the_same() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.engine.until_somebody_listens().await?;
    scene.engine.answer("GET", "/events", Answer::Silence);
    scene.engine.cut_news();
    scene.engine.kill(REDIS)?;
    let killed = Instant::now();
    scene.hears("resting").await?;
    eprintln!("an end in a gap of the news was seen after {:.1?}", killed.elapsed());
    scene.is_whole().await?;
    scene.until_serving().await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_is_told_is_mended_at_once() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.engine.until_somebody_listens().await?;
    scene.engine.kill(REDIS)?;
    let killed = Instant::now();
    let line = scene.hears("ended by itself: resting").await?;
    ensure!(line.detail == "it ended with 137", "{line:?}");
    let seen = killed.elapsed();
    scene.until_serving().await?;
    eprintln!("an end was seen after {seen:.1?}, and mended after {:.1?}", killed.elapsed());
    scene.is_whole().await?;
    scene.is_tidy().await
}

/// It could be started, and would never reach a model.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_could_not_be_let_out_is_made_anew_and_not_started_as_it_is() -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.engine.answer_once("POST", "/connect", Answer::Refusal(503, ""));
    scene.begin().await?;
    scene.until_serving().await?;
    scene.is_whole().await?;
    scene.is_tidy().await
}

/// A turn is spoken on whatever is there: the database stays the truth, whoever thinks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_that_ends_in_its_container_is_answered_for_by_the_box() -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.begin().await?;
    scene.until_serving().await?;
    scene.engine.until_somebody_listens().await?;
    scene.is_whole().await?;
    scene.engine.kill(ENGINE)?;
    // One call may have been under way to it; nobody repeats what may have been done.
    let answered = wait::until("the box to answer for it", SOON, async || match scene.is_whole().await {
        Ok(()) => Ok(Some(())),
        Err(error) if format!("{error:#}").contains("the engine broke off") => Ok(None),
        Err(error) => Err(error),
    });
    answered.await?;
    scene.hears(&format!("{ENGINE} was starting and is serving")).await?;
    scene.is_whole().await?;
    scene.is_tidy().await
}
