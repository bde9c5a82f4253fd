//! One conversation with many wordings: tried again, worded anew, stopped and carried on.

use super::world::{World, no_browser};
use anyhow::{Context, ensure};
use tests::browser::place::{at, button, field};
use tests::browser::window::{Window, keys};
use tests::model_server::script::Script;

#[tokio::test]
async fn every_wording_stays_within_reach_of_a_click_and_a_key() -> anyhow::Result<()> {
    if no_browser("every_wording")? {
        return Ok(());
    }
    let world = World::at_home().await?;
    let window = &world.window;
    ask(&world, "Name a bird.", "A wren.").await?;
    world.model.next(Script::words(["A robin."]));
    window.click(&button("Try again")).await?;
    in_view(window, &["A robin.", "2/2"], &["A wren."]).await?;

    window.click(&button("The wording before")).await?;
    in_view(window, &["A wren.", "1/2"], &["A robin."]).await?;
    window.press_together(&[keys::ALT, keys::RIGHT].concat()).await?;
    in_view(window, &["A robin.", "2/2"], &["A wren."]).await?;
    window.press_together(&[keys::ALT, keys::LEFT].concat()).await?;
    in_view(window, &["A wren.", "1/2"], &["A robin."]).await?;

    // The arrow that points up takes the last message back into the field, and leaves it where it was.
    ask(&world, "Where does it nest?", "In ivy.").await?;
    window.click(&field("Message")).await?;
    window.press(keys::UP).await?;
    window.until_it_says("wording an earlier message anew").await?;
    let taken = window.value(&field("Message")).await?;
    ensure!(taken == "Where does it nest?", "the field says {taken:?}");
    ask(&world, "What does it eat?", "Spiders.").await?;
    in_view(window, &["What does it eat?", "2/2"], &["Where does it nest?", "In ivy."]).await?;
    window.click(&in_last("person", "The wording before")).await?;
    in_view(window, &["Where does it nest?", "In ivy."], &["What does it eat?", "Spiders."]).await?;
    let asked = world.model.asked();
    let asked = asked.last().context("the model was asked")?;
    ensure!(
        !asked.texts().any(|text| text.contains("ivy")),
        "the model was told of another branch: {asked:?}"
    );

    world.model.next(Script::words(["Once ", "upon ", "a "]).hold_after(3));
    world.say("Tell me a story.").await?;
    window.until_it_says("Once upon a").await?;
    window.click(&button("Stop")).await?;
    window.until_it_says("Stopped here.").await?;
    world.model.next(Script::words(["time."]));
    window.click(&in_last("companion", "Continue from here")).await?;
    in_view(window, &["Once upon a time."], &["Stopped here."]).await?;
    world.window.close().await
}

async fn ask(world: &World, words: &str, reply: &str) -> anyhow::Result<()> {
    world.model.next(Script::words([reply]));
    world.say(words).await?;
    in_view(&world.window, &[words, reply], &[]).await
}

/// When no reply is under way any more.
async fn in_view(window: &Window, shown: &[&str], gone: &[&str]) -> anyhow::Result<()> {
    let what = format!("the page to say {shown:?} and not {gone:?}");
    let holds = |text: &str| {
        shown.iter().all(|words| text.contains(words))
            && !gone.iter().any(|words| text.contains(words))
            && !text.contains("is writing")
    };
    window.until_text(&what, holds).await
}

/// A deed of the last message of one side; those of others wait for the mouse.
fn in_last(side: &str, deed: &str) -> tests::browser::place::Place {
    at(&format!("(//article[@class='{side}'])[last()]//*[@title='{deed}']"))
}
