//! Somebody presses a button and talks: by a microphone that plays a file, into a real Chromium.

use super::world::{World, no_browser};
use anyhow::ensure;
use serde_json::json;
use tests::browser::place::{Place, at, field};
use tests::browser::window::Window;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::Home;
use tests::stores::Store;

const WORDS: &str = "turn on the light";
const TALK: &str = "Talk: hold it, or press once";
const STOP: &str = "Stop and send";
const ESCAPE: &str = "\u{e00c}";

fn titled(title: &str) -> Place {
    at(&format!("//button[@title='{title}']"))
}

fn said_by_the_person() -> Place {
    at(&format!("//article[@class='person']//div[@class='words'][normalize-space()='{WORDS}']"))
}

#[tokio::test]
async fn one_press_hears_somebody_until_they_pause_and_sends_what_they_said() -> anyhow::Result<()> {
    if no_browser("one_press_hears_somebody")? {
        return Ok(());
    }
    let world = World::spoken_to(WORDS).await?;
    let window = &world.window;
    world.model.next(Script::words(["It is bright now."]));
    window.click(&titled(TALK)).await?;
    window.until_shown(&titled(STOP)).await?;
    window.until_shown(&said_by_the_person()).await?;
    window.until_it_says("It is bright now.").await?;
    window.until_shown(&titled(TALK)).await?;
    world.window.close().await
}

#[tokio::test]
async fn a_key_that_is_held_hears_somebody_until_it_is_let_go() -> anyhow::Result<()> {
    if no_browser("a_key_that_is_held")? {
        return Ok(());
    }
    let world = World::spoken_to(WORDS).await?;
    let window = &world.window;
    world.model.next(Script::words(["It is bright now."]));
    window.run("document.querySelector('.talk').focus();", &[]).await?;
    window.hold(' ').await?;
    window.until_shown(&titled(STOP)).await?;
    until_field(window, WORDS).await?;
    ensure!(!window.shows(&said_by_the_person()).await?, "it is held: a pause sends nothing");
    window.let_go(' ').await?;
    window.until_shown(&said_by_the_person()).await?;
    window.until_it_says("It is bright now.").await?;
    world.window.close().await
}

#[tokio::test]
async fn what_was_said_can_be_forgotten_and_what_was_written_stays() -> anyhow::Result<()> {
    if no_browser("what_was_said_can_be_forgotten")? {
        return Ok(());
    }
    let world = World::spoken_to(WORDS).await?;
    let window = &world.window;
    window.fill(&field("Message"), "Please").await?;
    window.run("document.querySelector('.talk').focus();", &[]).await?;
    window.hold(' ').await?;
    until_field(window, "Please turn on the light").await?;
    window.press(ESCAPE).await?;
    window.until_it_says("Forgotten.").await?;
    window.let_go(' ').await?;
    ensure!(window.value(&field("Message")).await? == "Please");
    ensure!(window.shows(&titled(TALK)).await? && !window.text().await?.contains(WORDS));
    world.window.close().await
}

#[tokio::test]
async fn a_microphone_that_goes_is_told_and_nothing_is_lost() -> anyhow::Result<()> {
    if no_browser("a_microphone_that_goes")? {
        return Ok(());
    }
    let world = World::spoken_to(WORDS).await?;
    let window = &world.window;
    window.run(KEEP, &[]).await?;
    window.run("document.querySelector('.talk').focus();", &[]).await?;
    window.hold(' ').await?;
    until_field(window, WORDS).await?;
    window.run("window.microphone.getTracks()[0].dispatchEvent(new Event('ended'));", &[]).await?;
    window.until_it_says("The microphone is gone.").await?;
    window.let_go(' ').await?;
    ensure!(window.value(&field("Message")).await? == WORDS, "what was heard is there");
    world.window.close().await
}

#[tokio::test]
async fn a_microphone_that_is_kept_from_the_page_or_is_not_there_is_told() -> anyhow::Result<()> {
    if no_browser("a_microphone_that_is_kept_from_the_page")? {
        return Ok(());
    }
    let mut house = House::new(Store::Sqlite)?;
    house.up().await?;
    let window = Window::with_microphone(house.address()).await?;
    let mut world = World { model: ModelServer::start().await?, house, window };
    world.move_in().await?;
    world.window.deny_microphone().await?;
    world.window.click(&titled(TALK)).await?;
    world.window.until_it_says("This browser keeps the microphone from the page.").await?;
    ensure!(world.window.shows(&titled(TALK)).await?);

    let other = Window::at(world.house.address()).await?;
    std::mem::replace(&mut world.window, other).close().await?;
    world.window.open("/sign-in").await?;
    world.sign_in().await?;
    world.window.until_at("/chat/").await?;
    world.window.click(&titled(TALK)).await?;
    world.window.until_it_says("There is no microphone that can be used.").await?;
    ensure!(world.window.shows(&titled(TALK)).await?);
    world.window.close().await
}

#[tokio::test]
async fn a_page_that_is_not_safe_says_so_and_how_to_come_safely() -> anyhow::Result<()> {
    if no_browser("a_page_that_is_not_safe")? {
        return Ok(());
    }
    let mut home = Home::new()?;
    home.set("WHISPERENGINE_ALLOWED_HOSTS", "box.test");
    let mut house = House::over(home)?;
    house.up().await?;
    let window = Window::by_name(house.address(), "box.test").await?;
    let world = World { model: ModelServer::start().await?, house, window };
    world.move_in().await?;
    let safe = world.window.run("return window.isSecureContext;", &[]).await?;
    ensure!(safe == json!(false), "by that name it is a page like any other");
    world.window.click(&titled(TALK)).await?;
    world.window.until_it_says("Browsers give a microphone only to safe pages.").await?;
    world.window.until_it_says("/certificate").await?;
    world.window.close().await
}

#[tokio::test]
async fn a_box_that_cannot_hear_says_what_it_lacks() -> anyhow::Result<()> {
    if no_browser("a_box_that_cannot_hear")? {
        return Ok(());
    }
    let world = World::spoken_to(WORDS).await?;
    let removed =
        world.house.home.run(&["model", "remove", "words"], std::time::Duration::from_secs(60)).await?;
    ensure!(removed.status.success(), "{}", removed.stderr);
    world.window.click(&titled(TALK)).await?;
    world.window.until_it_says("no model to listen with").await?;
    ensure!(world.window.shows(&titled(TALK)).await?);
    world.window.close().await
}

async fn until_field(window: &Window, words: &str) -> anyhow::Result<()> {
    tests::wait::until(&format!("{words:?} in the field"), tests::browser::window::SOON, async || {
        Ok((window.value(&field("Message")).await? == words).then_some(()))
    })
    .await
}

/// The page's microphone, for somebody who pulls its plug.
const KEEP: &str = "
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (...how) => window.microphone = await ask(...how);";
