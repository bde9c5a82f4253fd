//! What was written is read aloud: in the page, from its first piece on, and as a file for whoever has no script.

use super::world::{World, no_browser};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use tests::browser::place::{Place, at};
use tests::browser::window::{SOON, Window};
use tests::house::{House, PASSWORD};
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::Home;
use tests::speech::add_recogniser;
use tests::visitor::Visitor;
use tests::wait;

const WORDS: &str = "turn on the light";
const READ: &str = "Read aloud";
const STOP: &str = "Stop reading";
const TRANSCRIBED: Duration = Duration::from_secs(60);

fn last(title: &str) -> Place {
    at(&format!("(//article)[last()]//a[@title='{title}']"))
}

#[tokio::test]
async fn a_reply_is_read_aloud_stopped_and_heard_as_it_was_written() -> anyhow::Result<()> {
    if no_browser("a_reply_is_read_aloud")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let window = &world.window;
    add_recogniser(&world.house.home, "words").await?;
    reply(&world, WORDS).await?;
    window.run(LISTEN, &[]).await?;
    window.click(&last(READ)).await?;
    window.until_shown(&last(STOP)).await?;
    window.until_shown(&last(READ)).await?;
    let (seconds, loudest) = heard(window).await?;
    ensure!((0.5..10.0).contains(&seconds) && loudest > 0.05, "{seconds} s, at most {loudest}");

    // Longer than anybody waits; it is silent at once.
    reply(&world, &"This goes on and on. ".repeat(40)).await?;
    window.run(LISTEN, &[]).await?;
    window.click(&last(READ)).await?;
    until_it_sounds(window).await?;
    window.click(&last(STOP)).await?;
    window.until_shown(&last(READ)).await?;
    ensure!(
        window.run("return window.contexts.every((one) => one.state === 'closed');", &[]).await?
            == json!(true)
    );

    // By the keyboard, too.
    window.run("document.querySelector('article:last-of-type a.aloud').focus();", &[]).await?;
    window.press(" ").await?;
    window.until_shown(&last(STOP)).await?;
    window.press("\u{e00c}").await?;
    window.until_shown(&last(READ)).await?;
    let sound = as_a_file(&world).await?;
    ensure!(sound == WORDS, "it heard {sound:?}");
    world.window.close().await
}

#[tokio::test]
async fn new_replies_are_read_aloud_where_a_device_was_told_to() -> anyhow::Result<()> {
    if no_browser("new_replies_are_read_aloud")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let window = &world.window;
    window.click(&at("//details[@class='menu']/summary")).await?;
    window.click(&at("//label[contains(., 'Read new replies aloud')]/input")).await?;
    reply(&world, &"This goes on and on. ".repeat(40)).await?;
    window.until_shown(&last(STOP)).await?;
    window.reload().await?;
    ensure!(window.run("return document.querySelector('#always-aloud').checked;", &[]).await? == json!(true));
    ensure!(window.shows(&last(READ)).await?, "only what is new is read by itself");
    world.window.close().await
}

#[tokio::test]
async fn a_box_that_cannot_speak_says_what_it_lacks() -> anyhow::Result<()> {
    if no_browser("a_box_that_cannot_speak")? {
        return Ok(());
    }
    let mut home = Home::new()?;
    home.set("PATH", "/nonexistent");
    let mut house = House::over(home)?;
    house.up().await?;
    let (model, window) = (ModelServer::start().await?, Window::at(house.address()).await?);
    let world = World { house, model, window };
    world.move_in().await?;
    world.window.click(&last(READ)).await?;
    world.window.until_it_says("eSpeak NG").await?;
    ensure!(world.window.shows(&last(READ)).await?);
    world.window.close_but_for(&["503"]).await
}

async fn reply(world: &World, words: &str) -> anyhow::Result<()> {
    world.model.next(Script::words([words]));
    world.say("What do you see?").await?;
    let start = words.split_at(14).0.to_owned();
    world.window.until_it_says(&start).await?;
    world.window.until_text("the reply to have ended", |text| !text.contains("is writing")).await
}

/// As somebody with a browser that runs no script has it, and what the box itself hears in it.
async fn as_a_file(world: &World) -> anyhow::Result<String> {
    let first = "return [...document.querySelectorAll('article')].find((one) => one.textContent.includes('the light')) \
                 .querySelector('a.aloud').getAttribute('href');";
    let path = world.window.run(first, &[]).await?;
    let mut visitor = Visitor::at(world.house.address());
    visitor.open("/sign-in").await?;
    visitor.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    let sound = visitor.download(path.as_str().context("it has an address")?).await?;
    let file = world.house.home.path().join("reply.wav");
    std::fs::write(&file, sound)?;
    let heard = world.house.home.run(&["transcribe", &file.display().to_string()], TRANSCRIBED).await?;
    ensure!(heard.status.success(), "{}", heard.stderr);
    Ok(heard.stdout.trim().to_owned())
}

async fn heard(window: &Window) -> anyhow::Result<(f64, f64)> {
    let told = window.run("return window.heard;", &[]).await?;
    let number = |name: &str| told[name].as_f64().with_context(|| format!("{name} of {told}"));
    Ok((number("seconds")?, number("loudest")?))
}

async fn until_it_sounds(window: &Window) -> anyhow::Result<()> {
    wait::until("it to sound", SOON, async || {
        Ok((window.run("return window.heard.seconds > 0;", &[]).await? == Value::Bool(true)).then_some(()))
    })
    .await
}

/// What is handed to the loudspeaker is looked at on its way.
const LISTEN: &str = "
window.heard = { seconds: 0, loudest: 0 };
window.contexts = [];
if (!window.listens) {
  window.listens = true;
  const Plain = window.AudioContext;
  window.AudioContext = class extends Plain { constructor(...how) { super(...how); window.contexts.push(this); } };
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...when) {
    const samples = this.buffer.getChannelData(0);
    heard.seconds += this.buffer.duration;
    for (const sample of samples) heard.loudest = Math.max(heard.loudest, Math.abs(sample));
    return start.apply(this, when);
  };
}";
