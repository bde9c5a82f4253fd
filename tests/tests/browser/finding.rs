//! Finding one's way: search, the palette and the sheet of keys, what is kept on top and what is removed.

use super::world::{World, no_browser};
use anyhow::ensure;
use tests::browser::place::{at, button, field};
use tests::browser::window::{SOON, Window, keys};
use tests::model_server::script::Script;
use tests::wait;

/// Higher than the window, so that an end and a beginning are not in view at once.
fn many_paragraphs() -> String {
    (1..=60).map(|number| format!("paragraph {number}")).collect::<Vec<_>>().join("\n\n")
}

#[tokio::test]
async fn what_was_said_is_found_by_mouse_and_by_keyboard_alone() -> anyhow::Result<()> {
    if no_browser("what_was_said_is_found")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let (window, chat) = (&world.window, world.window.path().await?);
    world.model.next(Script::words(["In the reeds."]));
    world.say("Where is the zebra?").await?;
    window.until_it_says("In the reeds.").await?;
    world.model.next(Script::words([many_paragraphs()]));
    world.say("Go on.").await?;
    window.until_it_says("paragraph 60").await?;
    window.until_text("the reply to have ended", |text| !text.contains("is writing")).await?;

    window.fill(&field("Words that were said"), "zebra").await?;
    window.press(keys::ENTER).await?;
    window.until_at("/search").await?;
    window.click(&at("//main//li/a")).await?;
    window.until_at(&format!("{chat}?until=")).await?;
    until_in_view(window, "Where is the zebra?").await?;

    // The same without a hand on the mouse, from the end of the page.
    window.open(&chat).await?;
    open_palette(window).await?;
    let barriers = window.barriers().await?;
    let serious: Vec<_> = barriers.iter().filter(|barrier| barrier.is_serious()).collect();
    ensure!(serious.is_empty(), "the palette keeps somebody out: {serious:?}");
    window.press("zebra").await?;
    // The conversation is called by these words, too, and comes first.
    window.until_shown(&at("//dialog[@open]//a[@class='chosen'][contains(., 'zebra')]")).await?;
    window.press(keys::DOWN).await?;
    window.until_shown(&at("//dialog[@open]//a[@class='chosen'][contains(@href, '#m-')]")).await?;
    window.press(keys::ENTER).await?;
    window.until_at(&format!("{chat}?until=")).await?;
    ensure!(!window.shows(&at("//dialog[@open]")).await?, "the palette lies over what it has found");
    until_in_view(window, "Where is the zebra?").await?;
    open_palette(window).await?;
    window.press("sett").await?;
    window.until_shown(&at("//dialog[@open]//a[@class='chosen'][normalize-space()='Settings']")).await?;
    window.press(keys::ENTER).await?;
    window.until_at("/settings").await?;

    window.open(&chat).await?;
    let sheet = at("//dialog[@id='sheet'][@open]//h1[normalize-space()='Keyboard']");
    window.click(&field("Message")).await?;
    window.press("?").await?;
    ensure!(window.value(&field("Message")).await? == "?", "a question mark in the field is one");
    window.press(keys::BACKSPACE).await?;
    window.click(&at("//main//h1")).await?;
    window.press("?").await?;
    window.until_shown(&sheet).await?;
    window.press(keys::ESCAPE).await?;
    wait::until("the sheet to close", SOON, async || Ok((!window.shows(&sheet).await?).then_some(())))
        .await?;
    world.window.close().await
}

#[tokio::test]
async fn a_conversation_is_kept_on_top_removed_and_brought_back() -> anyhow::Result<()> {
    if no_browser("a_conversation_is_kept_on_top")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let (window, chat) = (&world.window, world.window.path().await?);
    world.model.next(Script::words(["Gladly."]));
    world.say("Keep this one.").await?;
    window.until_it_says("Gladly.").await?;
    window.until_text("the reply to have ended", |text| !text.contains("is writing")).await?;
    let pinned = at("//nav//h2[.='Pinned']/following-sibling::ul[1]//a[contains(., 'Keep this one.')]");
    in_menu(window, "Pin it").await?;
    window.until_shown(&pinned).await?;
    in_menu(window, "Unpin it").await?;
    window.until_text("nothing to be pinned", |text| !text.contains("Pinned")).await?;

    in_menu(window, "Remove it").await?;
    window.until_it_says("The conversation was removed.").await?;
    ensure!(!window.text().await?.contains("Keep this one."), "what was removed is still in view");
    ensure!(!window.path().await?.starts_with(&chat), "what was removed is still open");
    window.click(&button("Bring it back")).await?;
    window.until_at(&chat).await?;
    window.until_it_says("Gladly.").await?;
    world.window.close().await
}

async fn open_palette(window: &Window) -> anyhow::Result<()> {
    window.press_together(&[keys::CONTROL, "k"].concat()).await?;
    // The first choice is shown before a letter was typed; what is typed then replaces it.
    window.until_shown(&at("//dialog[@open]//*[@class='chosen']")).await
}

async fn in_menu(window: &Window, deed: &str) -> anyhow::Result<()> {
    window.click(&button("This conversation")).await?;
    window.click(&button(deed)).await
}

/// That the address leads to this message, and the window to where it is.
async fn until_in_view(window: &Window, words: &str) -> anyhow::Result<()> {
    wait::until(&format!("{words:?} to be in view"), SOON, async || {
        let there = window.run(TARGET, &[]).await?;
        let (text, within) = (there[0].as_str().unwrap_or_default(), there[1] == true);
        Ok((within && text.contains(words)).then_some(()))
    })
    .await
}

const TARGET: &str = "
const one = document.querySelector('article:target');
const place = one?.getBoundingClientRect();
return [one?.innerText, place && place.top >= 0 && place.bottom <= innerHeight];";
