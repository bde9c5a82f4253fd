//! One story for each fault of the register: it is told by its name, the box goes on without the service, and what was
//! mended comes back.

use super::register::{Row, rows};
use super::scene::{ENGINE, POSTGRES, REDIS, Scene};
use anyhow::{Context, bail, ensure};
use futures::StreamExt;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tests::daemon::script::{Answer, End, Program, broken_off};
use tests::http;
use tests::owner::repair;
use tokio::time::Instant;

const SIDE_BY_SIDE: usize = 8;
const CREATE: (&str, &str) = ("POST", "/containers/create");
const PULL: (&str, &str) = ("POST", "/images/create");
/// The program itself waits for a minute there.
const PATIENCE: Duration = Duration::from_secs(100);
const PINNED: &str =
    "registry.example/redis@sha256:1111111111111111111111111111111111111111111111111111111111111111";
/// As the settings have it where nobody says otherwise.
const REFERENCE: &str = "docker.io/library/redis:8";

/// Those that nothing outside can bring about yet, or only in minutes, and the tests that know them.
const ELSEWHERE: [(&str, &str, &str); 4] = [
    // Nothing of it fails: it is done without.
    ("graphics_refused", "tests/tests/services/graphics.rs", "graphics_refused"),
    ("cancelled", "supervisor/src/images/fetch.rs", "Fault::Cancelled"),
    ("never_ready", "supervisor/src/services/tests/table.rs", "Fault::NeverReady"),
    ("pull_stalled", "supervisor/src/daemon/images.rs", "Fault::PullStalled"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_the_register_is_told_survived_and_mended() -> anyhow::Result<()> {
    let mut rows = rows()?;
    // Those that wait for long begin first.
    rows.sort_by_key(|row| !matches!(row.name.as_str(), "engine_hung" | "hung" | "crashed" | "build_failed"));
    let stories = futures::stream::iter(rows).map(|row| async move {
        let begun = Instant::now();
        let told = story(&row).await;
        eprintln!("{}: {:?} after {:.1?}", row.name, told.is_ok(), begun.elapsed());
        told.err().map(|error| format!("{}: {error:#}", row.name))
    });
    let failed: Vec<_> =
        stories.buffer_unordered(SIDE_BY_SIDE).filter_map(futures::future::ready).collect().await;
    ensure!(failed.is_empty(), "{}", failed.join("\n\n"));
    Ok(())
}

/// Without a last arm that is content: whoever adds a fault adds its story.
async fn story(row: &Row) -> anyhow::Result<()> {
    let lines = |words: &str, end| Answer::Lines(vec![progress(), broken_off(words)], end);
    match row.name.as_str() {
        "engine_gone" => ordered(row, CREATE, Answer::Cut).await,
        "engine_hung" => ordered(row, CREATE, Answer::Silence).await,
        "engine_busy" => ordered(row, CREATE, Answer::Refusal(503, "")).await,
        "name_taken" => name_taken(row).await,
        "port_taken" => port_taken(row).await,
        "image_gone" => ordered(row, CREATE, Answer::Refusal(404, "No such image: sha256:1")).await,
        "image_unknown" => {
            let words =
                "manifest for docker.io/library/redis:8 not found: manifest unknown: manifest unknown";
            ordered(row, PULL, Answer::Refusal(404, words)).await
        }
        "registry_down" => {
            let words = "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host";
            ordered(row, PULL, Answer::Refusal(500, words)).await
        }
        "registry_closed" => ordered(row, PULL, Answer::Refusal(401, "unauthorized: sign in first")).await,
        "rate_limited" => {
            let words = "toomanyrequests: You have reached your pull rate limit.";
            ordered(row, PULL, Answer::Refusal(500, words)).await
        }
        "wrong_digest" => wrong_digest(row).await,
        "wrong_platform" => wrong_platform(row).await,
        "bundle_damaged" => bundle_damaged(row).await,
        "build_failed" => build_failed(row).await,
        "disk_full" => {
            let words = "failed to register layer: write /usr/bin/x: no space left on device";
            ordered(row, PULL, lines(words, End::Whole)).await
        }
        "crashed" => crashed(row).await,
        "out_of_memory" => out_of_memory(row).await,
        "hung" => hung(row).await,
        "removed" => removed(row).await,
        "volume_gone" => volume_gone(row).await,
        "refused" => {
            ordered(row, CREATE, Answer::Refusal(400, "invalid mount config for type \"bind\"")).await
        }
        other => elsewhere(other),
    }
}

fn progress() -> serde_json::Value {
    json!({"status": "Downloading", "progressDetail": {"current": 1_000, "total": 41_000_000}, "id": "a1"})
}

fn elsewhere(name: &str) -> anyhow::Result<()> {
    let Some((_, file, word)) = ELSEWHERE.iter().find(|(known, ..)| *known == name) else {
        bail!("this fault is new: tell its story here");
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package lies in the workspace")?;
    let source = std::fs::read_to_string(root.join(file)).with_context(|| (*file).to_owned())?;
    // A file of tests is all tests.
    let tests = source.split_once("#[cfg(test)]").map_or(&*source, |(_, tests)| tests);
    ensure!(file.contains("tests/") || tests.len() < source.len(), "{file} has no tests");
    ensure!(tests.contains(word), "{file} has no test that knows {word}");
    Ok(())
}

/// The engine answers so until it is mended.
async fn ordered(
    row: &Row,
    (method, path): (&'static str, &'static str),
    answer: Answer,
) -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    scene.engine.answer(method, path, answer);
    scene.begin().await?;
    told(&mut scene, row).await?;
    scene.is_whole().await?;
    scene.engine.be_honest();
    comes_back(&mut scene, row).await
}

/// The image is made on the spot, of this very program.
async fn build_failed(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.engine.has_everything_of("nothing");
    let words = "COPY failed: file not found in build context";
    scene.engine.answer("POST", "/build", Answer::Lines(vec![broken_off(words)], End::Whole));
    scene.begin().await?;
    scene.hears_within(&format!("{ENGINE} {}: parked", row.what), PATIENCE).await?;
    scene.is_whole().await?;
    scene.engine.be_honest();
    comes_back(&mut scene, row).await
}

/// What is said of it, and where it stands: tried again, or left alone.
async fn told(scene: &mut Scene, row: &Row) -> anyhow::Result<String> {
    let stage = if row.remedy == "Rest" { "parked" } else { "resting" };
    let line = scene.hears_within(&format!("{REDIS} {}: {stage}", row.what), PATIENCE).await?;
    Ok(line.detail)
}

/// By itself, where the box tries again; at the next start, where it needs somebody.
async fn comes_back(scene: &mut Scene, row: &Row) -> anyhow::Result<()> {
    if row.remedy == "Rest" {
        scene.engine.forget_calls();
        scene.house.kill()?;
        ensure!(scene.engine.changes().is_empty(), "it was tried all the time: {:?}", scene.engine.done());
        scene.house.up().await?;
    }
    scene.until_serving().await?;
    scene.is_tidy().await
}

async fn name_taken(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    // It has its name from its first start on.
    scene.house.up().await?;
    scene.house.set_up().await?;
    let name = format!("{}-redis", scene.name()?);
    scene.engine.put_foreign_container(&name);
    let theirs = scene.engine.containers();
    scene.engine.start()?;
    told(&mut scene, row).await?;
    scene.is_whole().await?;
    ensure!(
        scene.engine.containers() == theirs,
        "what is not ours was touched: {:?}",
        scene.engine.containers()
    );
    let touched = scene
        .engine
        .changes()
        .into_iter()
        .find(|call| call.subject.as_ref() == Some(&name) && call.kind() != "POST /containers/create");
    ensure!(touched.is_none(), "what is not ours was touched: {touched:?}");
    let [theirs] = theirs.as_slice() else { bail!("there is one container") };
    scene.engine.rename(&theirs.id, "something-else")?;
    scene.house.kill()?;
    scene.house.up().await?;
    scene.until_serving().await?;
    ensure!(scene.engine.containers().iter().any(|one| one.id == theirs.id), "the other one is gone");
    scene.engine.remove(&theirs.id).await?;
    scene.is_tidy().await
}

async fn port_taken(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.house.stop().await?;
    scene.until_nothing_runs().await?;
    let _other = std::net::TcpListener::bind(("127.0.0.1", before.port.context("it has a port")?))?;
    scene.house.up().await?;
    told(&mut scene, row).await?;
    scene.is_whole().await?;
    comes_back(&mut scene, row).await?;
    let after = scene.engine.only(REDIS)?;
    ensure!(after.id != before.id && after.port != before.port, "{before:?}, then {after:?}");
    Ok(())
}

async fn wrong_digest(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::with(&[("WHISPERENGINE_IMAGE_REDIS", PINNED)])?;
    scene.begin().await?;
    let detail = told(&mut scene, row).await?;
    ensure!(detail.contains("1111"), "{detail}");
    scene.is_whole().await?;
    ensure!(scene.engine.containers().is_empty(), "it was run: {:?}", scene.engine.containers());
    scene.engine.forget_images();
    let pin = PINNED.split_once('@').map(|(_, digest)| digest.to_owned());
    scene.engine.offer(PINNED, |image| image.digest = pin.unwrap_or_default());
    comes_back(&mut scene, row).await
}

async fn wrong_platform(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    scene.engine.offer(REFERENCE, |image| "s390x".clone_into(&mut image.architecture));
    scene.begin().await?;
    told(&mut scene, row).await?;
    scene.is_whole().await?;
    ensure!(scene.engine.containers().is_empty(), "it was run: {:?}", scene.engine.containers());
    scene.engine.forget_images();
    scene.engine.offer(REFERENCE, |_| {});
    comes_back(&mut scene, row).await
}

async fn bundle_damaged(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let folder = scene.house.home.data_dir().join("bundles");
    std::fs::create_dir_all(&folder)?;
    // The sum is of `image docker.io/library/redis:8`; of the file, one letter is another.
    let sum = "3e62120ec3feff04c532bdc47b348363c42630baf0d04b1891c8afc5d8a9e955";
    let index = json!({"images": [{"reference": REFERENCE, "file": "redis.tar", "sha256": sum}]});
    std::fs::write(folder.join("index.json"), index.to_string())?;
    std::fs::write(folder.join("redis.tar"), "image docker.io/library/redis:9")?;
    scene.begin().await?;
    told(&mut scene, row).await?;
    scene.is_whole().await?;
    ensure!(scene.engine.changes().is_empty(), "it was opened: {:?}", scene.engine.done());
    std::fs::write(folder.join("redis.tar"), format!("image {REFERENCE}"))?;
    comes_back(&mut scene, row).await?;
    ensure!(scene.engine.done()[0] == "POST /images/load", "{:?}", scene.engine.done());
    Ok(())
}

/// It held all that was said: nothing empty takes its place until the owner says so.
async fn volume_gone(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.begin().await?;
    scene.until_serving().await?;
    scene.house.stop().await?;
    scene.engine.prune_everything().await?;
    scene.engine.has_everything_of("whisperengine:");
    scene.engine.lose_volumes();
    scene.house.start().await?;
    scene.hears_within(&format!("{POSTGRES} {}: parked", row.what), PATIENCE).await?;
    ensure!(scene.engine.volumes().is_empty(), "an empty one took its place");
    ensure!(scene.engine.of(POSTGRES).is_empty(), "it was run: {:?}", scene.engine.of(POSTGRES));
    ensure!(http::get(scene.house.address(), "/health").await?.status().is_success(), "the box is down");
    repair(&scene.house, "postgres_volume_gone").await?;
    for service in [POSTGRES, ENGINE] {
        scene.hears(&format!("{service} was starting and is serving")).await?;
    }
    scene.is_tidy().await
}

async fn crashed(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    scene.engine.run_in_containers(Program::Ends { code: 3, says: "no luck today" });
    scene.begin().await?;
    let parked = format!("{REDIS} {}: parked", row.what);
    let detail = scene.hears(&parked).await?.detail;
    ensure!(detail == "it ended with 3", "{detail}");
    let starts = scene.engine.only(REDIS)?.starts;
    ensure!(starts == 5, "it was started {starts} times before it was left alone");
    let mut took = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        ensure!(http::get(scene.house.address(), "/ready").await?.status().is_success());
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    eprintln!("beside a service that crashed: median {:?}, p99 {:?}", took[100], took[198]);
    scene.is_whole().await?;
    ensure!(scene.engine.only(REDIS)?.starts == starts, "it is not left alone");
    scene.engine.be_honest();
    scene.house.kill()?;
    scene.house.up().await?;
    scene.until_serving().await?;
    scene.is_tidy().await
}

async fn out_of_memory(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    scene.engine.run_in_containers(Program::Greedy);
    scene.begin().await?;
    scene.hears("and is starting").await?;
    scene.is_whole().await?;
    told(&mut scene, row).await?;
    scene.engine.be_honest();
    comes_back(&mut scene, row).await
}

async fn hung(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.engine.pause(REDIS)?;
    let paused = Instant::now();
    // While it hangs and nobody knows it yet, too.
    scene.is_whole().await?;
    told(&mut scene, row).await?;
    eprintln!("one that hangs was noticed and ended after {:.1?}", paused.elapsed());
    comes_back(&mut scene, row).await?;
    let after = scene.engine.only(REDIS)?;
    ensure!(after.id == before.id && after.starts == before.starts + 1, "{before:?}, then {after:?}");
    Ok(())
}

async fn removed(row: &Row) -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let before = scene.engine.only(REDIS)?;
    scene.engine.until_somebody_listens().await?;
    scene.engine.vanish(&before.id)?;
    told(&mut scene, row).await?;
    scene.is_whole().await?;
    comes_back(&mut scene, row).await?;
    ensure!(scene.engine.only(REDIS)?.id != before.id, "it is another one");
    Ok(())
}
