//! What is said is heard in a container, and by the box itself when that one fails, in the middle of a word, too.

use super::scene::{SOON, Scene, VOICE};
use crate::voice::hearing::{hear, key, says, told};
use anyhow::{Context, ensure};
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::future::Future;
use tests::speech::{add_recogniser, spoken};
use tests::{http as plain, wait};
use voice_client::contract::SPEECH;

/// More than a question of how it is, and less than any sound.
const A_SOUND: u64 = 8_000;

/// A box that listens in a container, and a key for it.
async fn listening() -> anyhow::Result<(Scene, String)> {
    let mut scene = Scene::speaking()?;
    scene.begin().await?;
    scene.until_serving().await?;
    let key = key(&scene.house).await?;
    Ok((scene, key))
}

/// It found out for itself that the model can be used: it listened, and nobody else did.
fn has_listened(scene: &Scene) -> anyhow::Result<bool> {
    Ok(scene.engine.data_of(VOICE)?.join("data/models/proven.json").is_file())
}

async fn says_light(scene: &Scene, key: &str) -> anyhow::Result<()> {
    let answer = hear(&scene.house, key, &spoken("turn on the light")?, "words").await?;
    ensure!(told(&answer)? == json!({ "text": "turn on the light" }), "{answer:?}");
    Ok(())
}

/// Sound has come to the container, and it has not taken it yet.
async fn until_sound_has_come(scene: &Scene) -> anyhow::Result<()> {
    let port = scene.engine.only(VOICE)?.port.context("it has a port")?;
    wait::until("the sound to come to the container", SOON, async || {
        let all = std::fs::read_to_string("/proc/net/tcp")?;
        let waiting = all.lines().skip(1).filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (local, queues) = (fields.next()?, fields.nth(2)?);
            let is_theirs = u16::from_str_radix(local.split_once(':')?.1, 16).ok()? == port;
            is_theirs.then(|| u64::from_str_radix(queues.split_once(':')?.1, 16).ok())?
        });
        Ok(waiting.max().is_some_and(|most| most > A_SOUND).then_some(()))
    })
    .await
}

/// The container stands still and has taken the sound; then something is done to it.
async fn in_the_middle_of_a_word(
    what: impl AsyncFnOnce(&Scene) -> anyhow::Result<()>,
) -> anyhow::Result<(Scene, String)> {
    let (scene, key) = listening().await?;
    add_recogniser(&scene.house.home, "words").await?;
    says_light(&scene, &key).await?;
    ensure!(has_listened(&scene)?, "the container was not asked");
    scene.engine.pause(VOICE)?;
    let hurting = async {
        until_sound_has_come(&scene).await?;
        what(&scene).await
    };
    both(says_light(&scene, &key), hurting).await?;
    Ok((scene, key))
}

async fn both(
    one: impl Future<Output = anyhow::Result<()>>,
    other: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    tokio::try_join!(one, other).map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_is_heard_in_its_container_with_models_that_came_later() -> anyhow::Result<()> {
    let (mut scene, key) = listening().await?;
    let sound = spoken("turn on the light")?;
    let answer = hear(&scene.house, &key, &sound, "whisper-1").await?;
    ensure!(told(&answer)?["error"]["code"] == "part_missing", "{answer:?}");
    add_recogniser(&scene.house.home, "words").await?;
    ensure!(!has_listened(&scene)?, "it has listened with nothing");
    says_light(&scene, &key).await?;
    ensure!(has_listened(&scene)?, "the container was not asked");

    let body =
        json!({ "model": "tts-1", "voice": "alloy", "input": "What is my name?", "response_format": "wav" });
    let asked = Request::post(SPEECH)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_string())))?;
    let said = plain::send_within(SOON, scene.house.address(), asked).await?;
    ensure!(said.status() == StatusCode::OK, "{said:?}");
    let heard = hear(&scene.house, &key, said.body(), "words").await?;
    ensure!(told(&heard)? == json!({ "text": "what is my name" }), "{heard:?}");

    let calls = scene.engine.calls();
    let made = calls.iter().filter(|call| call.kind() == "POST /containers/create");
    let made = made.filter(|call| call.subject.as_deref().is_some_and(|name| name.ends_with("-voice")));
    let made: Vec<Value> = made.map(|call| serde_json::from_str(&call.body)).collect::<Result<_, _>>()?;
    ensure!(made.len() == 1, "{made:?}");
    let models = format!("{}:/models:ro", scene.house.home.data_dir().join("data/models").display());
    let binds = made[0]["HostConfig"]["Binds"].as_array().context("it mounts something")?;
    ensure!(binds.iter().any(|bind| *bind == models.as_str()), "{binds:?}");

    // Whoever wants no voice any more has no container for it either.
    scene.is_tidy().await?;
    scene.house.stop().await?;
    scene.house.home.set("WHISPERENGINE_VOICE", "false");
    scene.house.up().await?;
    let gone = async || Ok(scene.engine.of(VOICE).is_empty().then_some(()));
    wait::until("the container to be removed", SOON, gone).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_killed_in_the_middle_of_a_word_is_answered_for_by_the_box() -> anyhow::Result<()> {
    let (mut scene, key) = in_the_middle_of_a_word(async |scene| scene.engine.kill(VOICE)).await?;
    scene.hears("voice was starting and is serving").await?;
    says_light(&scene, &key).await?;
    scene.is_tidy().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_hangs_in_the_middle_of_a_word_is_given_up_and_mended() -> anyhow::Result<()> {
    let (mut scene, key) = in_the_middle_of_a_word(async |_| Ok(())).await?;
    scene.hears("voice was starting and is serving").await?;
    says_light(&scene, &key).await?;
    let file = scene.house.home.path().join("said.wav").display().to_string();
    says(&scene.house.home, &["speak", "Turn on the light.", "--out", &file]).await?;
    ensure!(says(&scene.house.home, &["transcribe", &file]).await? == "turn on the light\n");
    scene.is_tidy().await
}
