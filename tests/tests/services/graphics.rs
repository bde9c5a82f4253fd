//! The voice's container gets the machine's graphics card where the engine hands it on, and does without where it does
//! not.

use super::register::row;
use super::scene::{SOON, Scene, VOICE};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tests::daemon::script::Cards;
use tests::owner::{is_told, repair};
use tests::wait;

const REFUSAL: &str = "failed to create task for container: nvidia-container-cli: initialization error: nvml error: driver \
                       not loaded: unknown";
const ISSUE: &str = "voice_graphics_refused";

/// What the engine was asked for, each time that a voice was made, and what its label said of it.
fn asked(scene: &Scene) -> anyhow::Result<Vec<(Value, String)>> {
    let calls = scene.engine.calls();
    let made = calls.iter().filter(|call| call.kind() == "POST /containers/create");
    let made = made.filter(|call| call.subject.as_deref().is_some_and(|name| name.ends_with("-voice")));
    let told = made.map(|call| {
        let body: Value = serde_json::from_str(&call.body)?;
        let label = body["Labels"]["whisperengine.graphics"].as_str().unwrap_or_default().to_owned();
        Ok((body["HostConfig"]["DeviceRequests"].clone(), label))
    });
    told.collect()
}

fn all_cards() -> Value {
    json!([{ "Driver": "", "Count": -1, "Capabilities": [["gpu"]] }])
}

async fn begun(cards: Option<Cards>, settings: &[(&str, &str)]) -> anyhow::Result<Scene> {
    let mut scene = Scene::speaking()?;
    for (name, value) in settings {
        scene.house.home.set(name, *value);
    }
    scene.engine.has_cards(cards);
    scene.begin().await?;
    scene.until_serving().await?;
    Ok(scene)
}

async fn until_mended(scene: &Scene) -> anyhow::Result<()> {
    wait::until("the issue to be gone", SOON, async || {
        let issues = scene.house.client().get::<Vec<Value>>("/appliance/issues").await?;
        Ok(issues.iter().all(|issue| issue["id"] != ISSUE).then_some(()))
    })
    .await
}

/// The box does what its owner does: it looks at the engine again.
async fn look_again(scene: &Scene) -> anyhow::Result<()> {
    let done = scene.house.home.run(&["doctor"], SOON).await?;
    ensure!(done.stdout.contains("graphics"), "{done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_handed_to_the_voice_and_to_nobody_else_unless_it_is_switched_off() -> anyhow::Result<()> {
    let scene = begun(Some(Cards::HandsOver), &[]).await?;
    ensure!(asked(&scene)? == [(all_cards(), "given".to_owned())], "{:?}", asked(&scene)?);
    let with_card = scene.engine.calls().iter().filter(|call| call.body.contains("DeviceRequests")).count();
    ensure!(with_card == 1, "{with_card} containers were made with a card");
    until_mended(&scene).await?;
    scene.is_tidy().await?;

    let scene = begun(Some(Cards::HandsOver), &[("WHISPERENGINE_CONTAINER_GRAPHICS", "off")]).await?;
    ensure!(asked(&scene)? == [(Value::Null, String::new())], "{:?}", asked(&scene)?);
    until_mended(&scene).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_refused_is_done_without_until_its_owner_has_it_tried_again() -> anyhow::Result<()> {
    let mut scene = begun(Some(Cards::Refuses(REFUSAL)), &[]).await?;
    let tried = [(all_cards(), "given".to_owned()), (Value::Null, "refused".to_owned())];
    ensure!(asked(&scene)? == tried, "{:?}", asked(&scene)?);
    let issue = is_told(&scene.house, ISSUE).await?;
    let what = issue["what"].as_str().context("it says something")?;
    ensure!(what.contains("nvml error: driver not loaded") && issue["repair"] == "try_again", "{issue}");
    ensure!(what.contains(&row("graphics_refused")?.what), "{issue}");
    scene.is_tidy().await?;

    // A box that was killed takes up what runs, and still knows.
    let before = scene.engine.only(VOICE)?;
    scene.house.kill()?;
    scene.house.up().await?;
    scene.until_serving().await?;
    ensure!(scene.engine.only(VOICE)? == before, "something healthy was made again");
    is_told(&scene.house, ISSUE).await?;

    scene.engine.forget_calls();
    scene.engine.has_cards(Some(Cards::HandsOver));
    repair(&scene.house, ISSUE).await?;
    scene.hears("voice was starting and is serving").await?;
    ensure!(asked(&scene)? == [(all_cards(), "given".to_owned())], "{:?}", asked(&scene)?);
    until_mended(&scene).await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_can_hand_one_on_later_is_asked_on_its_owners_word() -> anyhow::Result<()> {
    let mut scene = begun(None, &[]).await?;
    ensure!(asked(&scene)? == [(Value::Null, "none".to_owned())], "{:?}", asked(&scene)?);
    until_mended(&scene).await?;
    let before = scene.engine.only(VOICE)?;
    scene.engine.has_cards(Some(Cards::HandsOver));
    look_again(&scene).await?;
    is_told(&scene.house, ISSUE).await?;
    scene.until_serving().await?;
    ensure!(scene.engine.only(VOICE)? == before, "something healthy was made again");
    scene.engine.forget_calls();
    repair(&scene.house, ISSUE).await?;
    scene.hears("voice was starting and is serving").await?;
    ensure!(asked(&scene)? == [(all_cards(), "given".to_owned())], "{:?}", asked(&scene)?);
    until_mended(&scene).await?;
    scene.is_tidy().await
}
