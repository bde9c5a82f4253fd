//! What services take, as the system page tells it, whatever state the container engine is in.

use super::scene::{SOON, Scene};
use anyhow::ensure;
use std::time::{Duration, Instant};
use tests::daemon::script::Answer;
use tests::house::PASSWORD;
use tests::visitor::Visitor;
use tests::wait;

/// Far less than any call to an engine may take. A page alone on a machine is held to 300 ms by the bench.
const AT_ONCE: Duration = Duration::from_millis(1500);
/// A slow one among so few is the machine; most of them slow is somebody who waits.
const FEW_PAGES: usize = 5;
const EVEN_ON_A_BUSY_MACHINE: Duration = Duration::from_secs(20);

pub async fn owner(scene: &Scene) -> anyhow::Result<Visitor> {
    let mut ada = Visitor::at(scene.house.address());
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    Ok(ada)
}

/// Until a page has these words in it. None of those that are opened on the way waits for anybody.
pub async fn until_page_says(ada: &mut Visitor, path: &str, words: &str) -> anyhow::Result<()> {
    let mut took = Vec::new();
    wait::until(words, SOON, async || {
        let begun = Instant::now();
        let page = ada.open(path).await?;
        took.push(begun.elapsed());
        Ok(page.html.contains(words).then_some(()))
    })
    .await?;
    while took.len() < FEW_PAGES {
        let begun = Instant::now();
        ada.open(path).await?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let (usual, worst) = (took[took.len() / 2], took[took.len() - 1]);
    ensure!(usual < AT_ONCE && worst < EVEN_ON_A_BUSY_MACHINE, "{words}: {took:?}");
    Ok(())
}

async fn until_it_says(ada: &mut Visitor, words: &str) -> anyhow::Result<()> {
    until_page_says(ada, "/system", words).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_processor_are_told_and_an_engine_that_hangs_costs_only_the_figures() -> anyhow::Result<()>
{
    let mut scene = Scene::inhabited().await?;
    ensure!(!scene.engine.calls().iter().any(|call| call.path.ends_with("/stats")), "nobody has looked yet");
    let mut ada = owner(&scene).await?;
    until_it_says(&mut ada, "MB of at most").await?;
    until_it_says(&mut ada, " % of one core</dd>").await?;
    ada.page.says("shares the box’s ")?;
    ada.page.says("Conversations and files")?;

    scene.engine.answer("GET", "/stats", Answer::Refusal(500, "stats is not supported in rootless mode"));
    until_it_says(&mut ada, "not known at the moment, at most").await?;
    scene.engine.be_honest();
    until_it_says(&mut ada, "MB of at most").await?;
    scene.engine.hang(true);
    until_it_says(&mut ada, "not known at the moment, at most").await?;
    scene.engine.hang(false);
    until_it_says(&mut ada, "MB of at most").await?;
    scene.engine.stop()?;
    until_it_says(&mut ada, "not known at the moment, at most").await?;
    scene.is_whole().await
}
