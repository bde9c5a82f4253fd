//! What is handed to somebody who helps: enough to help, and nothing that is nobody's business.

use crate::services::scene::{REDIS, SOON, Scene};
use anyhow::{Context, ensure};
use engine_client::wire::people::{Invite, Invited, KeyCreated, NewKey};
use std::path::Path;
use std::process::Command;
use tests::house::{PASSWORD, connection};
use tests::http;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::talk::Talk;
use tests::visitor::Visitor;

const MODEL_KEY: &str = "sk-canary-4c7a1e90bb";
const METRICS: &str = "canarymetricstoken";
const SAID: &str = "canary-said-61fe0";
const REPLIED: &str = "canary-replied-2290c";
const PERSON: &str = "Canary Quartz";
const NEVER: &str = "canary-never";

/// Every document in an archive, one after the other.
fn unpacked(archive: &Path) -> anyhow::Result<String> {
    let out = Command::new("tar").arg("-xOf").arg(archive).output()?;
    ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Ok(String::from_utf8(out.stdout)?)
}

/// Plants canaries wherever something is kept or said.
async fn plant(scene: &Scene) -> anyhow::Result<Vec<String>> {
    let (house, model) = (&scene.house, ModelServer::start().await?);
    let mut keyed = connection(&model.base_url(), "scripted");
    keyed.key = Some(MODEL_KEY.into());
    house.connect_as(keyed).await?;
    let key: KeyCreated = house.client().post("/api/v1/keys", &NewKey { name: NEVER.into() }).await?;
    let invited: Invited = house.client().post("/api/v1/people", &Invite { name: PERSON.into() }).await?;
    ensure!(invited.person.name == PERSON);
    let talk = Talk::open(house.client()).await?;
    model.next(Script::words([REPLIED]));
    talk.exchange(SAID).await?;
    // A container may say anything.
    let foreign = format!(
        "ERROR: duplicate\nDETAIL:  Key (text)=({SAID}) already exists\nauth \"{NEVER}\" failed for {PERSON}\n\
         Authorization: Bearer {NEVER}\nmail {NEVER}@example.org\nredis://x:{NEVER}@127.0.0.1:1/\nkey={}\n\
         STATEMENT:  INSERT INTO messages\n\tVALUES ({SAID},\n\t{REPLIED})\ncan't take '{SAID}' or 'less'\n",
        key.key
    );
    scene.engine.says(REDIS, foreign.as_bytes())?;
    // And so may a log of an older version.
    let log = house.home.data_dir().join("logs/app.log");
    let mut text = std::fs::read_to_string(&log)?;
    text.push_str(&format!(
        "{{\"message\":\"hello {PERSON}\",\"password\":\"{NEVER}\"}}\n{} {MODEL_KEY}\ntoken:{NEVER} \
         password=\"two {NEVER} words\" was said {{\"secret\":\"{NEVER}\"}}\n",
        key.key
    ));
    std::fs::write(&log, text)?;
    Ok(vec![
        MODEL_KEY.into(),
        METRICS.into(),
        SAID.into(),
        REPLIED.into(),
        NEVER.into(),
        PASSWORD.into(),
        "Canary".into(),
        "Quartz".into(),
        key.key,
        house.home.path().display().to_string(),
    ])
}

fn holds_nothing(text: &str, canaries: &[String]) -> anyhow::Result<()> {
    for canary in canaries {
        let found = text.lines().find(|line| line.contains(canary.as_str()));
        ensure!(found.is_none(), "{canary} is in it: {found:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_handed_on_helps_and_holds_nothing_that_is_nobodys_business() -> anyhow::Result<()> {
    let mut scene = Scene::with(&[("WHISPERENGINE_METRICS_TOKEN", METRICS)])?;
    scene.begin().await?;
    scene.until_serving().await?;
    let mut canaries = plant(&scene).await?;
    let secrets = scene.house.home.data_dir().join("run/secrets/redis");
    for file in std::fs::read_dir(secrets)? {
        let words = std::fs::read_to_string(file?.path())?;
        canaries.extend(words.split_whitespace().filter(|word| word.len() > 30).map(str::to_owned));
    }
    let out = scene.house.home.path().join("help.tar");
    let place = out.to_str().context("a plain path")?;
    let done = scene.house.home.run(&["diagnostics", "--out", place], SOON).await?;
    ensure!(done.status.success() && done.stdout.contains("names of people were taken out"), "{done:?}");
    let text = unpacked(&out)?;
    holds_nothing(&text, &canaries)?;
    for words in [
        "redis was starting and is serving",
        "answered a request",
        "\"server.listen\"",
        "\"pull\"",
        "DETAIL: ***",
        "hello PERSON",
        "DATA_DIR",
        "\"kernel\"",
        "whisperengine-",
        "Names of people were taken out, too",
        "can't take …",
    ] {
        ensure!(text.contains(words), "{words} is not in it");
    }
    let again = scene.house.home.run(&["diagnostics", "--out", place], SOON).await?;
    ensure!(!again.status.success() && again.stderr.contains("there already"), "{again:?}");

    // The same from the page.
    let mut ada = Visitor::at(scene.house.address());
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    ada.open("/system").await?;
    ada.submit("/system/diagnostics", &[]).await?.says("redis was starting and is serving")?;
    holds_nothing(&ada.page.html, &canaries)?;
    ada.page.says("Names of people were taken out, too")?;
    ensure!(http::get(scene.house.address(), "/ready").await?.status() == 200);

    // Without a box, and without its engine.
    scene.house.stop().await?;
    scene.engine.stop()?;
    let out = scene.house.home.path().join("later.tar");
    let place = out.to_str().context("a plain path")?;
    let done = scene.house.home.run(&["diagnostics", "--out", place, "--json"], SOON).await?;
    let told: serde_json::Value = serde_json::from_str(&done.stdout)?;
    ensure!(told["documents"].as_array().is_some_and(|all| all.len() >= 9), "{told}");
    ensure!(told["names_taken_out"] == true, "{told}");
    let text = unpacked(&out)?;
    ensure!(text.contains("redis was starting and is serving") && text.contains("hello PERSON"));
    holds_nothing(&text, &canaries)?;

    // Nobody can tell who lives here: then it is said that their names are in it, and all the rest is out.
    for name in ["data/engine.db", "data/engine.db-wal", "appliance.db", "appliance.db-wal"] {
        std::fs::write(scene.house.home.data_dir().join(name), "no database".repeat(9_000))?;
    }
    let out = scene.house.home.path().join("nameless.tar");
    let place = out.to_str().context("a plain path")?;
    let done = scene.house.home.run(&["diagnostics", "--out", place, "--json"], SOON).await?;
    let told: serde_json::Value = serde_json::from_str(&done.stdout)?;
    ensure!(told["names_taken_out"] == false, "{told}");
    let text = unpacked(&out)?;
    ensure!(text.contains("Names of people could NOT be taken out") && !text.contains("were taken out, too"));
    ensure!(text.contains("missing: the box's own records: "), "what could not be had is not named");
    canaries.retain(|canary| !PERSON.contains(canary.as_str()));
    holds_nothing(&text, &canaries)?;
    std::fs::remove_file(&out)?;
    let done = scene.house.home.run(&["diagnostics", "--out", place], SOON).await?;
    ensure!(done.stdout.contains("Names of people could not be"), "{done:?}");
    Ok(())
}
