//! The system page as its owner uses it: a download watched and cancelled, tried again by keyboard alone, the service
//! taken back into the box; looked at by day, by night and on a phone.

use super::docker::Docker;
use super::world::{World, no_browser};
use anyhow::ensure;
use tests::browser::looks::Light;
use tests::browser::place::{at, button, field, link};
use tests::browser::window::{SOON, Window, keys};
use tests::built;
use tests::house::House;
use tests::model_server::server::ModelServer;
use tests::process::Home;
use tests::wait;

const LEAST_TARGET: u32 = 40;
/// More presses of Tab than there are things to press.
const MOST_TABS: usize = 60;

async fn at_home(home: Home) -> anyhow::Result<World> {
    let mut house = House::over(home)?;
    house.up().await?;
    house.set_up().await?;
    let (model, window) = (ModelServer::start().await?, Window::at(house.address()).await?);
    let world = World { house, model, window };
    world.house.connect(&world.model.base_url(), "scripted").await?;
    world.window.open("/sign-in").await?;
    world.sign_in().await?;
    world.window.until_at("/chat/").await?;
    Ok(world)
}

/// Looks at the page in view, as it is and as a phone has it.
pub async fn look(window: &Window, name: &str) -> anyhow::Result<()> {
    let pictures = built::folder().join("screenshots");
    std::fs::create_dir_all(&pictures)?;
    let mut found = Vec::new();
    for (light, look) in [(Light::Bright, "light"), (Light::Dark, "dark")] {
        window.light(light).await?;
        window.screenshot(&pictures.join(format!("{name}-{look}.png"))).await?;
        let barriers = match light {
            Light::Bright => window.barriers().await?,
            Light::Dark => window.faint_text().await?,
        };
        found.extend(barriers.iter().filter(|one| one.is_serious()).map(|one| format!("{look}: {one}")));
    }
    window.light(Light::Bright).await?;
    window.as_phone().await?;
    window.screenshot(&pictures.join(format!("{name}-360.png"))).await?;
    found.extend(window.too_wide().await?);
    found.extend(window.too_small(LEAST_TARGET).await?);
    window.as_desk().await?;
    ensure!(found.is_empty(), "{name}: {}", found.join("\n"));
    Ok(())
}

/// How far the download is, as the page says it.
async fn figures(window: &Window) -> anyhow::Result<String> {
    let figures =
        window.run("return document.querySelector('[id^=j-] .soft')?.textContent ?? ''", &[]).await?;
    Ok(figures.as_str().unwrap_or_default().to_owned())
}

async fn until_it_moves(window: &Window) -> anyhow::Result<()> {
    let before = figures(window).await?;
    wait::until("the download to move on", SOON, async || {
        let now = figures(window).await?;
        Ok((now != before && !now.is_empty()).then_some(()))
    })
    .await
}

async fn focused(window: &Window) -> anyhow::Result<String> {
    let id = window.run("return document.activeElement.id", &[]).await?;
    Ok(id.as_str().unwrap_or_default().to_owned())
}

async fn tab_to(window: &Window, id: &str) -> anyhow::Result<()> {
    for _ in 0..MOST_TABS {
        if focused(window).await? == id {
            return Ok(());
        }
        window.press(keys::TAB).await?;
    }
    anyhow::bail!("no Tab leads to {id}")
}

#[tokio::test]
async fn a_service_is_watched_cancelled_tried_again_by_keyboard_and_taken_back() -> anyhow::Result<()> {
    if no_browser("a_service_is_watched")? {
        return Ok(());
    }
    let mut home = Home::new()?;
    let socket = home.path().join("engine.sock");
    home.set("WHISPERENGINE_CONTAINER_HOST", format!("unix://{}", socket.display()));
    home.set("WHISPERENGINE_RUNTIME", "docker");
    home.set("WHISPERENGINE_VOICE", "false");
    let _docker = Docker::begin(&socket)?;
    let mut world = at_home(home).await?;
    let window = &world.window;
    window.click(&link("System")).await?;
    window.until_at("/system").await?;
    window.until_it_says("Docker 27.9.1 is running.").await?;
    window.until_it_says("Redis is on its way.").await?;
    window.until_it_says("a second on average").await?;
    // What is renewed below the reader's hands leaves them where they are.
    window.run("window.kept = true; document.querySelector('[id^=cancel-]').focus()", &[]).await?;
    until_it_moves(window).await?;
    ensure!(window.run("return window.kept", &[]).await? == true, "the page was loaded again");
    let cancel = focused(window).await?;
    ensure!(cancel.starts_with("cancel-"), "the focus went to {cancel:?}");
    look(window, "system-work").await?;

    window.run("document.querySelector('[id^=cancel-]').focus()", &[]).await?;
    window.press(keys::ENTER).await?;
    window.until_it_says("It is being cancelled.").await?;
    window.until_it_says("Redis was not fetched, as you wished.").await?;
    window.until_it_says("Redis has trouble, and the box goes on without it.").await?;
    look(window, "system-trouble").await?;

    window.open("/system").await?;
    tab_to(window, "retry-redis").await?;
    window.press(keys::ENTER).await?;
    window.until_it_says("It is being tried again.").await?;
    window.until_it_says("a second on average").await?;
    window.click(&button("What ended lately")).await?;
    window.until_it_says("on the owner's word").await?;
    until_it_moves(window).await?;
    ensure!(window.shows(&at("//details[@id='ended'][@open]//li")).await?, "what was opened is shut");

    window.click(&link("Logs")).await?;
    window.until_at("/system/logs").await?;
    window.fill(&field("With these words"), "was waiting and is looking").await?;
    window.press(keys::ENTER).await?;
    window.until_text("the lines that fit", |text| text.contains("redis was waiting and is looking")).await?;
    look(window, "system-logs").await?;
    window.click(&link("Newer lines")).await?;
    window.until_it_says("Nothing newer was written down.").await?;

    window.open("/system/logs").await?;
    window.click(&button("Show lines as they come")).await?;
    window.until_it_says("Lines are shown as they come.").await?;
    let shown =
        async || window.run("return document.querySelector('#lines li:last-child').textContent", &[]).await;
    let before = shown().await?;
    // What the box writes down about somebody at its door.
    tests::http::get(world.house.address(), "/sign-in").await?;
    wait::until("another line", SOON, async || Ok((shown().await? != before).then_some(()))).await?;
    look(window, "system-follow").await?;
    window.press(keys::ENTER).await?;

    window.click(&link("System")).await?;
    window.click(&link("Let the box do it itself")).await?;
    window.until_it_says("nothing that was said is lost").await?;
    look(window, "system-choose").await?;
    window.click(&button("Let the box do it itself")).await?;
    window.until_it_says("Your choice is kept").await?;
    window.until_it_says("Everything is running, in this one program.").await?;
    look(window, "system-well").await?;
    // Wanted again while the engine is there already.
    window.click(&link("Run it in a container")).await?;
    window.click(&button("Run it in a container")).await?;
    window.until_it_says("Redis, in a container").await?;
    window.until_it_says("Redis is on its way.").await?;
    world.house.kill()?;
    world.window.until_it_says("The box does not answer at the moment.").await?;
    let text = world.window.text().await?;
    ensure!(text.contains("This machine"), "what was shown is gone: {text}");
    world.window.close_but_for(&["ERR_CONNECTION_REFUSED"]).await
}

#[tokio::test]
async fn whoever_follows_a_log_hears_when_no_lines_come_and_when_they_come_again() -> anyhow::Result<()> {
    if no_browser("whoever_follows_a_log")? {
        return Ok(());
    }
    let World { mut house, window, model } = World::at_home().await?;
    window.open("/system/logs").await?;
    window.click(&button("Show lines as they come")).await?;
    window.until_it_says("Lines are shown as they come.").await?;
    house.kill()?;
    let stopped =
        |text: &str| text.contains("No new lines come") && !text.contains("Lines are shown as they");
    window.until_text("the page to say that lines have stopped", stopped).await?;
    ensure!(window.shows(&link("Load the page again")).await?, "it does not say how to go on");
    look(&window, "system-follow-lost").await?;
    house.up().await?;
    let goes_on =
        |text: &str| text.contains("Lines are shown as they") && !text.contains("No new lines come");
    window.until_text("the page to say that lines come", goes_on).await?;
    // The browser complains of what it asked for while nobody was there to answer.
    let complaints = window.complaints().await?;
    let others: Vec<_> = complaints.iter().filter(|one| !one.contains("/system/logs/live")).collect();
    ensure!(others.is_empty(), "{others:#?}");
    drop(model);
    window.close().await
}
