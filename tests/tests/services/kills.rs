//! The box is killed at every step that it takes in its engine, before the step takes effect and after, and started
//! again: it goes on from what is there, and nothing is there twice. The steps are not listed here: they are what a
//! course without a kill was seen to take.

use super::scene::{SOON, Scene};
use anyhow::{Context, ensure};
use futures::StreamExt;
use std::time::Duration;
use tests::daemon::script::Side;
use tokio::sync::oneshot::Receiver;
use tokio::time::Instant;

const SIDE_BY_SIDE: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Course {
    /// An empty engine, and all that the box can run in containers.
    BringUp,
    /// One that ended with the box is started with it.
    StartAgain,
    /// The settings ask for another image than the one that runs.
    Replace,
}

impl Course {
    /// Everything before the first step. The box does not run yet.
    async fn prepare(self) -> anyhow::Result<Scene> {
        let mut scene = if let Self::BringUp = self { Scene::full()? } else { Scene::new()? };
        scene.engine.start()?;
        match self {
            Self::BringUp => {}
            Self::StartAgain => {
                scene.house.up().await?;
                scene.until_serving().await?;
                scene.house.stop().await?;
            }
            Self::Replace => {
                scene.house.up().await?;
                scene.until_serving().await?;
                scene.house.kill()?;
                scene.house.home.set("WHISPERENGINE_IMAGE_REDIS", "registry.example/redis:9");
            }
        }
        scene.engine.forget_calls();
        Ok(scene)
    }

    async fn steps(self) -> anyhow::Result<Vec<String>> {
        let mut scene = self.prepare().await?;
        scene.house.up().await?;
        scene.until_serving().await?;
        scene.is_tidy().await?;
        Ok(scene.engine.done())
    }
}

/// How long it took from the next start until the service served.
async fn killed_at(course: Course, step: usize, side: Side) -> anyhow::Result<Duration> {
    let mut scene = course.prepare().await?;
    let reached = scene.engine.hold(step, side);
    let took = kill_and_go_on(&mut scene, reached).await;
    took.with_context(|| scene.story_so_far())
}

async fn kill_and_go_on(scene: &mut Scene, reached: Receiver<()>) -> anyhow::Result<Duration> {
    scene.house.start().await?;
    tokio::time::timeout(SOON, reached).await.context("the step was not reached")??;
    scene.house.kill()?;
    let begun = Instant::now();
    scene.house.up().await?;
    scene.until_serving().await?;
    let took = begun.elapsed();
    scene.is_tidy().await?;
    Ok(took)
}

async fn at_every_step(course: Course, least: usize) -> anyhow::Result<()> {
    let steps = course.steps().await?;
    ensure!(steps.len() >= least, "it took only these steps: {steps:?}");
    let all = (1..=steps.len()).flat_map(|step| [Side::Before, Side::After].map(|side| (step, side)));
    let steps = &steps;
    let kills = futures::stream::iter(all).map(|(step, side)| async move {
        let what = format!("{course:?}, {side:?} {}", steps[step - 1]);
        let took = killed_at(course, step, side).await.with_context(|| what.clone())?;
        eprintln!("killed at {what}: served {took:.1?} after the next start");
        anyhow::Ok(())
    });
    let ended: Vec<_> = kills.buffer_unordered(SIDE_BY_SIDE).collect().await;
    let failed: Vec<_> =
        ended.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_step_of_a_bring_up_it_goes_on_from_there() -> anyhow::Result<()> {
    at_every_step(Course::BringUp, 12).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_step_of_a_later_start_it_goes_on_from_there() -> anyhow::Result<()> {
    at_every_step(Course::StartAgain, 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_step_of_a_replacement_it_goes_on_from_there() -> anyhow::Result<()> {
    at_every_step(Course::Replace, 5).await
}
