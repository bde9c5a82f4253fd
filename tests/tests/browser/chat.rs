//! Talking: what a reload, a second tab, a stop and a sign-out leave in view.

use super::world::{World, no_browser};
use anyhow::ensure;
use serde_json::{Value, json};
use tests::browser::place::{button, field, link};
use tests::browser::window::{SOON, Window};
use tests::model_server::script::Script;
use tests::wait;

#[tokio::test]
async fn a_reload_in_the_middle_shows_exactly_the_words_so_far_and_then_the_rest() -> anyhow::Result<()> {
    if no_browser("a_reload")? {
        return Ok(());
    }
    let world = World::empty().await?;
    let (window, model) = (&world.window, &world.model);
    let chat = world.first_run().await?;
    model.next(Script::tokens(8).hold_after(4));
    world.say("Count for me.").await?;
    model.until_held(1).await?;
    window.until_it_says("t1 t2 t3 t4").await?;
    window.reload().await?;
    window.until_it_says("t1 t2 t3 t4").await?;
    ensure!(window.path().await? == chat, "a reload leads to {}", window.path().await?);
    let text = window.text().await?;
    ensure!(text.contains("Count for me.") && !text.contains("t5"), "{text}");
    ensure!(written(window, "t1 t2").await? == 1, "the words are not there once: {text}");
    model.release();
    window.until_it_says(&Script::tokens_text(8)).await?;
    window.until_text("the reply to have ended", |text| !text.contains("is writing")).await?;
    let text = window.text().await?;
    ensure!(written(window, "t1 t2").await? == 1, "the words are not there once: {text}");
    ensure!(model.asked().len() == 1, "the model was asked {} times", model.asked().len());
    world.window.close().await
}

#[tokio::test]
async fn a_stop_keeps_what_was_said_and_leaves_the_model() -> anyhow::Result<()> {
    if no_browser("a_stop")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let (window, model) = (&world.window, &world.model);
    model.next(Script::tokens(8).hold_after(3));
    world.say("Go on.").await?;
    window.until_it_says("t1 t2 t3").await?;
    window.click(&button("Stop")).await?;
    model.disconnected(1).await?;
    window.until_it_says("Stopped here.").await?;
    ensure!(!window.text().await?.contains("t4"), "{}", window.text().await?);
    ensure!(!window.shows(&button("Stop")).await?, "there is nothing left to stop");
    model.next(Script::words(["A second reply."]));
    world.say("And now?").await?;
    window.until_it_says("A second reply.").await?;
    world.window.close().await
}

#[tokio::test]
async fn two_tabs_show_one_turn() -> anyhow::Result<()> {
    if no_browser("two_tabs")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let (window, model) = (&world.window, &world.model);
    let (chat, first) = (window.path().await?, window.tab().await?);
    model.next(Script::tokens(8).hold_after(4));
    world.say("Count for both.").await?;
    window.until_it_says("t1 t2 t3 t4").await?;
    let second = window.new_tab().await?;
    window.open(&chat).await?;
    window.until_it_says("t1 t2 t3 t4").await?;
    model.release();
    for tab in [&second, &first] {
        window.to_tab(tab).await?;
        window.until_it_says(&Script::tokens_text(8)).await?;
    }
    ensure!(model.asked().len() == 1, "the model was asked {} times", model.asked().len());
    world.window.close().await
}

#[tokio::test]
async fn a_draft_survives_a_reload_and_a_session_that_ended() -> anyhow::Result<()> {
    if no_browser("a_draft")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let (window, model) = (&world.window, &world.model);
    let (chat, message) = (window.path().await?, field("Message"));
    window.fill(&message, "Half a thou").await?;
    window.reload().await?;
    ensure!(window.value(&message).await? == "Half a thou", "a reload lost the draft");
    let first = window.tab().await?;
    window.new_tab().await?;
    window.open(&chat).await?;
    window.click(&button("Sign out")).await?;
    window.until_at("/sign-in").await?;

    window.to_tab(&first).await?;
    window.reload().await?;
    world.sign_in().await?;
    window.until_at(&chat).await?;
    ensure!(window.value(&message).await? == "Half a thou", "signing in lost the draft");
    model.next(Script::words(["A whole one."]));
    window.click(&button("Send")).await?;
    window.until_it_says("A whole one.").await?;
    window.until_it_says("Half a thou").await?;
    ensure!(window.value(&message).await?.is_empty(), "what was sent is still a draft");
    world.window.close().await
}

#[tokio::test]
async fn a_reader_who_scrolled_up_stays_there_and_is_told_of_new_words() -> anyhow::Result<()> {
    if no_browser("a_reader_who_scrolled_up")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let (window, model) = (&world.window, &world.model);
    let below = link("New words below");
    let paragraphs = (1..=80).map(|number| format!("paragraph {number}\n\n"));
    model.next(Script::words(paragraphs).hold_after(40));
    world.say("At length, please.").await?;
    window.until_it_says("paragraph 40").await?;
    ensure!(window.run(AT_END, &[]).await? == true, "who is at the end does not follow");
    ensure!(!window.shows(&below).await?, "there is nothing below yet");
    window.run("scrollTo(0, 300)", &[]).await?;
    model.release();
    window.until_it_says("paragraph 80").await?;
    window.until_text("the reply to have ended", |text| !text.contains("is writing")).await?;
    window.until_shown(&below).await?;
    let moved = window.run("return scrollY - 300", &[]).await?;
    ensure!(moved == 0, "what was being read moved by {moved}");
    // Not by `click`, which brings the middle of the page to what it presses.
    window.run("document.querySelector('.below').click()", &[]).await?;
    wait::until("the end", SOON, async || Ok((window.run(AT_END, &[]).await? == true).then_some(()))).await?;
    ensure!(!window.shows(&below).await?, "there is nothing left below");
    world.window.close().await
}

const AT_END: &str = "return innerHeight + scrollY >= document.documentElement.scrollHeight - 80";

/// How many paragraphs say this, without what is only read aloud.
async fn written(window: &Window, words: &str) -> anyhow::Result<Value> {
    let script = "return [...document.querySelectorAll('p')]
        .filter((one) => one.innerText.includes(arguments[0]) && !one.closest('[role=status], [aria-live]')).length";
    window.run(script, &[json!(words)]).await
}
