//! The voice in a container of a real engine: it hears and says what it should out of an image with nothing else in it, is
//! answered for when it ends or hangs in the middle of a word, and does without a graphics card that the engine only claims.

use super::real_services::reaches;
use super::voice::hearing::{hear, key, says, told};
use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tests::engines::images::redis;
use tests::engines::kind::Kind;
use tests::engines::outside::Outside;
use tests::house::House;
use tests::owner::is_told;
use tests::speech::{add_recogniser, spoken};
use tests::wait;
use tests::yard::{self, SOON, Yard};

const VOICE: &str = "voice";
/// Where it answers inside, and more of it than a question of how it is.
const PORT: u16 = 7710;
const A_SOUND: u64 = 8_000;

/// On Docker with a runtime in its list that no card is behind: what any engine has that was set up for one that is gone.
async fn speaking(kind: Kind, story: &str) -> anyhow::Result<Option<Yard>> {
    let Some(mut engine) = yard::engine(kind, story).await? else { return Ok(None) };
    if kind == Kind::Docker {
        let runtimes = json!({ "runtimes": { "nvidia": { "path": "runc" } } });
        std::fs::write(engine.folder().join("daemon.json"), runtimes.to_string())?;
        engine.kill().await?;
        engine.start_again().await?;
    }
    engine.load(&redis::archive()?).await?;
    let mut home = yard::with_cache(&engine, redis::NAME)?;
    home.set("WHISPERENGINE_VOICE", "true");
    home.set("WHISPERENGINE_SCALE_TIER", "2");
    Ok(Some(Yard { house: House::over(home)?, engine }))
}

async fn process(yard: &Yard) -> anyhow::Result<i32> {
    Ok(yard.engine.inspect(&yard.container(VOICE).await?, "{{.State.Pid}}").await?.parse()?)
}

fn signal(process: i32, signal: Signal) -> anyhow::Result<()> {
    Ok(kill_process(Pid::from_raw(process).context("it runs")?, signal)?)
}

/// Sound lies in the container's own network, and nobody takes it.
async fn until_sound_has_come(process: i32) -> anyhow::Result<()> {
    wait::until("the sound to come to the container", SOON, async || {
        let all = std::fs::read_to_string(format!("/proc/{process}/net/tcp"))?;
        let waiting = all.lines().skip(1).filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (local, queues) = (fields.next()?, fields.nth(2)?);
            let is_theirs = u16::from_str_radix(local.split_once(':')?.1, 16).ok()? == PORT;
            is_theirs.then(|| u64::from_str_radix(queues.split_once(':')?.1, 16).ok())?
        });
        Ok(waiting.max().is_some_and(|most| most > A_SOUND).then_some(()))
    })
    .await
}

async fn says_light(yard: &Yard, key: &str) -> anyhow::Result<()> {
    let answer = hear(&yard.house, key, &spoken("turn on the light")?, "words").await?;
    ensure!(told(&answer)? == json!({ "text": "turn on the light" }), "{answer:?}");
    Ok(())
}

/// The container has its own mouth: nothing of this machine's is seen in there.
fn speaks_by_itself(process: i32) -> anyhow::Result<()> {
    let mut speak = Command::new("nsenter");
    speak.args(["--target", &process.to_string(), "--mount", "--root"]);
    let said = speak.args(["/usr/bin/espeak-ng", "-v", "en-us", "--stdout", "hello"]).env_clear();
    let said = said.env("PATH", "/usr/bin").output().context("nsenter could not be started")?;
    ensure!(
        said.status.success() && said.stdout.len() > 10_000,
        "{:?}",
        String::from_utf8_lossy(&said.stderr)
    );
    Ok(())
}

async fn the_voice_lives_in_its_container(kind: Kind) -> anyhow::Result<()> {
    let story = "real_voice::the_voice_lives_in_its_container";
    let Some(mut yard) = speaking(kind, story).await? else { return Ok(()) };
    let outside = Outside::start().await?;
    yard.house.up().await?;
    yard.house.set_up().await?;
    yard.until_served(VOICE, 1).await?;
    let key = key(&yard.house).await?;
    add_recogniser(&yard.house.home, "words").await?;
    says_light(&yard, &key).await?;
    let first = process(&yard).await?;
    let inside = Path::new("/proc").join(first.to_string()).join("root");
    ensure!(inside.join("tmp/data/data/models/proven.json").is_file(), "the container was not asked");
    speaks_by_itself(first)?;
    let file = yard.house.home.path().join("said.wav").display().to_string();
    says(&yard.house.home, &["speak", "What is my name?", "--out", &file]).await?;
    ensure!(says(&yard.house.home, &["transcribe", &file]).await? == "what is my name\n");
    ensure!(!reaches(&yard, VOICE, &outside).await?, "it reaches out");
    let written = std::fs::write(inside.join("models/ears/other.bin"), "x");
    ensure!(written.is_err(), "models can be written from inside");
    if kind == Kind::Docker {
        let issue = is_told(&yard.house, "voice_graphics_refused").await?;
        ensure!(issue["what"].to_string().contains("could not select device driver"), "{issue}");
        let labels = yard.engine.inspect(&yard.container(VOICE).await?, "{{json .Config.Labels}}").await?;
        let labels: Value = serde_json::from_str(&labels)?;
        ensure!(labels["whisperengine.graphics"] == "refused", "{labels}");
    }

    // It ends with the sound in its hands.
    signal(first, Signal::STOP)?;
    let kill = async {
        until_sound_has_come(first).await?;
        signal(first, Signal::KILL)
    };
    tokio::try_join!(says_light(&yard, &key), kill)?;
    yard.until_served(VOICE, 2).await?;
    says_light(&yard, &key).await?;
    yard.stop().await?;

    // It hangs with it.
    yard.house.start().await?;
    yard.until_ready().await?;
    yard.until_served(VOICE, 3).await?;
    let second = process(&yard).await?;
    signal(second, Signal::STOP)?;
    tokio::try_join!(says_light(&yard, &key), until_sound_has_come(second))?;
    yard.until_served(VOICE, 4).await?;
    says_light(&yard, &key).await?;
    yard.stop().await
}

#[tokio::test]
async fn on_docker_the_voice_lives_in_its_container() -> anyhow::Result<()> {
    the_voice_lives_in_its_container(Kind::Docker).await
}

#[tokio::test]
async fn on_podman_the_voice_lives_in_its_container() -> anyhow::Result<()> {
    the_voice_lives_in_its_container(Kind::Podman).await
}
