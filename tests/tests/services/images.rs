//! How images come: out of a bundle, from a registry, or not; and what engines and registries say of it.

use super::register::row;
use super::scene::{REDIS, Scene};
use anyhow::{Context, ensure};
use serde_json::json;
use tests::daemon::script::{Answer, End, broken_off};

const PULL: (&str, &str) = ("POST", "/images/create");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_is_told_as_a_job_from_its_first_byte_to_its_last() -> anyhow::Result<()> {
    let scene = Scene::inhabited().await?;
    let job = scene.records("SELECT kind, subject, outcome, done, total FROM jobs")?;
    ensure!(job == "image|redis|done|41000000|41000000", "{job}");
    let had = scene.records("SELECT reference, had_by FROM images")?;
    ensure!(had == "docker.io/library/redis:8|pull", "{had}");
    Ok(())
}

/// One box, one engine, and everything a pull was seen to end with. Each line is what engines really say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_pull_ends_with_is_told_as_what_can_be_done_about_it() -> anyhow::Result<()> {
    let broken = |words: &str| {
        let begun =
            json!({"status": "Downloading", "progressDetail": {"current": 7, "total": 9}, "id": "a1"});
        Answer::Lines(vec![begun, broken_off(words)], End::Whole)
    };
    let mut scene = Scene::new()?;
    scene.engine.answer("GET", "/images", Answer::Refusal(404, "No such image"));
    scene.engine.start()?;
    for (fault, answer) in [
        ("registry_closed", Answer::Refusal(401, "unauthorized: authentication required")),
        ("registry_closed", Answer::Refusal(404, "pull access denied for redis, repository does not exist")),
        ("image_unknown", Answer::Refusal(404, "manifest unknown")),
        ("rate_limited", Answer::Refusal(429, "Too Many Requests")),
        ("rate_limited", broken("toomanyrequests: You have reached your unauthenticated pull rate limit")),
        ("registry_down", Answer::Refusal(500, "received unexpected HTTP status: 500 Internal Server Error")),
        ("registry_down", broken("unexpected EOF")),
        ("wrong_digest", broken("filesystem layer verification failed for digest sha256:1")),
        ("wrong_platform", broken("no matching manifest for linux/riscv64 in the manifest list entries")),
        ("disk_full", broken("failed to register layer: write /usr/x: no space left on device")),
        ("engine_gone", Answer::Lines(vec![json!({"status": "Pulling fs layer", "id": "a1"})], End::Cut)),
        // It ends well, and nothing came.
        (
            "image_unknown",
            Answer::Lines(vec![json!({"status": "Download complete", "id": "a1"})], End::Whole),
        ),
    ] {
        let row = row(fault)?;
        scene.engine.answer(PULL.0, PULL.1, answer.clone());
        scene.house.up().await?;
        let told = scene.hears(&format!("{REDIS} {}", row.what)).await;
        told.with_context(|| format!("{fault} after {answer:?}"))?;
        // The next try may have begun already.
        let question = "SELECT outcome FROM jobs WHERE outcome IS NOT NULL ORDER BY begun_at DESC LIMIT 1";
        let job = scene.records(question)?;
        ensure!(job == "failed", "{fault}: {job}");
        scene.house.kill()?;
        scene.hears_only_what_comes();
    }
    scene.engine.be_honest();
    scene.house.up().await?;
    scene.until_serving().await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_became_another_is_not_run() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.engine.offer("docker.io/library/redis:8", |image| image.id = format!("sha256:{:064}", 7));
    scene.engine.prune_everything().await?;
    scene.hears(&format!("{REDIS} {}: parked", row("wrong_digest")?.what)).await?;
    scene.is_whole().await?;
    ensure!(scene.engine.containers().is_empty(), "it was run: {:?}", scene.engine.containers());
    Ok(())
}
