//! The whole way without something that most have: without a mouse, without script.

use super::world::{World, no_browser};
use anyhow::{Context, ensure};
use serde_json::Value;
use tests::browser::place::{button, field};
use tests::browser::window::{Window, keys};
use tests::house::PASSWORD;
use tests::model_server::script::Script;

/// More than any page here has places to go to.
const MOST_TABS: usize = 80;

/// The words by which the focused element is known, and whether one sees that it is.
const FOCUSED: &str = r#"
const one = document.activeElement;
const style = getComputedStyle(one);
const seen = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
return [one.getAttribute("aria-label") ?? one.labels?.[0]?.innerText ?? (one.innerText || one.title), seen];
"#;

/// Presses Tab until the focus is on what has these words.
async fn tab_to(window: &Window, words: &str) -> anyhow::Result<()> {
    let mut passed = Vec::new();
    for _ in 0..MOST_TABS {
        let focused: (String, bool) =
            serde_json::from_value::<(String, Value)>(window.run(FOCUSED, &[]).await?)
                .map(|(name, seen)| (name.trim().to_owned(), seen == true))?;
        if focused.0 == words {
            ensure!(focused.1, "one does not see that the focus is on {words:?}");
            return Ok(());
        }
        passed.push(focused.0);
        window.press(keys::TAB).await?;
    }
    anyhow::bail!("the keyboard does not get to {words:?}, only to {passed:?}")
}

#[tokio::test]
async fn a_keyboard_leads_from_the_first_page_to_a_sent_message() -> anyhow::Result<()> {
    if no_browser("a_keyboard")? {
        return Ok(());
    }
    let world = World::empty().await?;
    let window = &world.window;
    window.open("/").await?;
    tab_to(window, "Set-up token").await?;
    window.press(&(world.token()? + keys::ENTER)).await?;
    window.until_shown(&field("Name")).await?;
    for (label, text) in [("Name", "Ada"), ("Password", PASSWORD), ("Password, once more", PASSWORD)] {
        tab_to(window, label).await?;
        window.press(text).await?;
    }
    window.press(keys::ENTER).await?;
    window.until_it_says("Keep this code").await?;
    tab_to(window, "I have kept it").await?;
    window.press(keys::ENTER).await?;
    window.until_it_says("What was found").await?;
    tab_to(window, "Continue").await?;
    window.press(keys::ENTER).await?;
    window.until_shown(&field("Model")).await?;
    let url = world.model.base_url();
    for (label, text) in [("Address, as for any OpenAI-shaped client", url.as_str()), ("Model", "scripted")] {
        tab_to(window, label).await?;
        window.press(text).await?;
    }
    tab_to(window, "Test and connect").await?;
    window.press(keys::ENTER).await?;
    window.until_at("/chat/").await?;
    tab_to(window, "Message").await?;
    window.press("By keyboard.").await?;
    world.model.next(Script::words(["Received."]));
    tab_to(window, "Send").await?;
    window.press(keys::ENTER).await?;
    window.until_it_says("Received.").await?;
    let asked = world.model.asked();
    let asked = asked.last().context("the model was asked")?;
    ensure!(asked.texts().any(|text| text.contains("By keyboard.")), "{asked:?}");
    world.window.close().await
}

#[tokio::test]
async fn without_script_the_whole_way_leads_to_a_reply_and_out_again() -> anyhow::Result<()> {
    if no_browser("without_script")? {
        return Ok(());
    }
    let world = World::empty().await?;
    let (window, model) = (&world.window, &world.model);
    window.without_scripts().await?;
    let chat = world.first_run().await?;
    model.next(Script::tokens(8).hold_after(4));
    world.say("Count for me.").await?;
    window.until_it_says("t1 t2 t3 t4").await?;
    model.release();
    window.until_it_says(&Script::tokens_text(8)).await?;
    model.next(Script::tokens(8).hold_after(3));
    world.say("Once more.").await?;
    model.until_held(2).await?;
    window.click(&button("Stop")).await?;
    window.until_it_says("Stopped here.").await?;
    ensure!(window.path().await? == chat, "a stop leads to {}", window.path().await?);
    window.click(&button("Sign out")).await?;
    world.sign_in().await?;
    window.until_it_says("Count for me.").await?;
    ensure!(model.asked().len() == 2, "the model was asked {} times", model.asked().len());
    world.window.close().await
}
