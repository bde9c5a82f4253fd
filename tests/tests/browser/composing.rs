//! What goes along with words, what is taken from them, and words that were sent by somebody just signed out.

use super::world::{World, no_browser};
use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tests::browser::place::{at, button, field};
use tests::browser::window::{SOON, Window};
use tests::house::PASSWORD;
use tests::model_server::script::Script;
use tests::visitor::Visitor;
use tests::wait;

/// One red dot.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const WRITTEN: &str = "A **red** dot, `#f00`:\n\n- small\n- round";

#[tokio::test]
async fn a_picture_goes_along_and_the_reply_is_copied_as_it_was_written() -> anyhow::Result<()> {
    if no_browser("a_picture_goes_along")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let window = &world.window;
    let file = world.house.home.path().join("a dot.png");
    std::fs::write(&file, STANDARD.decode(PNG)?)?;
    let (picker, out) = (at("//input[@type='file']"), button("Take it out again: a dot.png"));
    window.choose(&picker, &file).await?;
    window.until_it_says("a dot.png").await?;
    window.click(&out).await?;
    window.until_text("nothing to be chosen", |text| !text.contains("a dot.png")).await?;
    window.choose(&picker, &file).await?;
    window.until_shown(&out).await?;
    world.model.next(Script::words([WRITTEN]));
    world.say("What is this?").await?;
    window.until_it_says("round").await?;
    window.until_text("the reply to have ended", |text| !text.contains("is writing")).await?;
    wait::until("the picture to be seen", SOON, async || {
        Ok((window.run(PICTURE, &[]).await? == json!(["a dot.png", 1])).then_some(()))
    })
    .await?;
    ensure!(!window.shows(&out).await?, "what was sent is still about to be sent");

    window.allow_clipboard().await?;
    window.click(&at("(//article)[last()]//a[@title='Copy']")).await?;
    window.until_it_says("Copied").await?;
    let copied = window.clipboard().await?;
    ensure!(copied == WRITTEN, "the clipboard has {copied:?}");
    world.window.close().await
}

/// What it is called, and how wide it came out.
const PICTURE: &str = "
const one = document.querySelector('article.person img');
return one?.complete ? [one.alt, one.naturalWidth] : null;";

#[tokio::test]
async fn words_sent_by_somebody_just_signed_out_are_said_once_when_they_are_back() -> anyhow::Result<()> {
    if no_browser("words_sent_by_somebody_just_signed_out")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let (window, chat) = (&world.window, world.window.path().await?);
    window.fill(&field("Message"), "From this device.").await?;
    // From another device, with the cookie still here.
    let mut elsewhere = Visitor::at(world.house.address());
    elsewhere.open("/sign-in").await?;
    elsewhere.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    elsewhere.open("/settings").await?;
    elsewhere.submit("/settings/sessions/end", &[]).await?.says("current-password")?;
    back_in(&world, &chat, "From this device.").await?;

    // From another tab, which takes the cookie along.
    window.fill(&field("Message"), "From this tab.").await?;
    let first = window.tab().await?;
    window.new_tab().await?;
    window.open(&chat).await?;
    window.click(&button("Sign out")).await?;
    window.until_at("/sign-in").await?;
    window.to_tab(&first).await?;
    back_in(&world, &chat, "From this tab.").await?;
    ensure!(world.model.asked().len() == 2, "the model was asked {} times", world.model.asked().len());
    world.window.close_but_for(&["401"]).await
}

/// Sends what is in the field and is asked for the password first.
async fn back_in(world: &World, chat: &str, words: &str) -> anyhow::Result<()> {
    let window = &world.window;
    let reply = format!("Heard it: {words}");
    world.model.next(Script::words([reply.as_str()]));
    window.click(&button("Send")).await?;
    window.until_it_says("You were signed out in the meantime.").await?;
    world.sign_in().await?;
    window.until_at(chat).await?;
    window.until_it_says(&reply).await?;
    window.reload().await?;
    window.until_it_says(&reply).await?;
    let said = said(window, words).await?;
    ensure!(said == 1, "{words:?} was said {said} times");
    ensure!(window.value(&field("Message")).await?.is_empty(), "what was sent is still a draft");
    Ok(())
}

async fn said(window: &Window, words: &str) -> anyhow::Result<serde_json::Value> {
    let script = "return [...document.querySelectorAll('article.person .words')]
        .filter((one) => one.innerText.trim() === arguments[0]).length";
    window.run(script, &[json!(words)]).await
}
