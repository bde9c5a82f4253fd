//! The set-up beside a container engine: everything into containers by two clicks, with a real Docker and a real registry;
//! an engine that stops half-way; and the same pages where there is none.

use super::world::{World, no_browser};
use anyhow::ensure;
use std::time::Duration;
use tests::browser::place::{Place, at, button, link};
use tests::browser::window::Window;
use tests::daemon::engine::FakeEngine;
use tests::engines::container_engine::ContainerEngine;
use tests::engines::images::{postgres, redis};
use tests::engines::kind::Kind;
use tests::engines::registry::Registry;
use tests::house::House;
use tests::model_server::server::ModelServer;
use tests::process::Home;
use tests::{skip, wait};

/// Images come, a database is made, everything is carried, and the box starts again.
const LONG: Duration = Duration::from_secs(150);

async fn world(home: Home) -> anyhow::Result<World> {
    let mut house = House::over(home)?;
    house.up().await?;
    let (model, window) = (ModelServer::start().await?, Window::at(house.address()).await?);
    Ok(World { house, model, window })
}

impl World {
    /// From the question for a model, which is left for later, to words that are answered.
    async fn goes_on_to_talk(&self) -> anyhow::Result<()> {
        let window = &self.window;
        window.until_at("/setup/model").await?;
        window.click(&button("Later")).await?;
        window.until_at("/chat/").await?;
        self.say("Hello there").await?;
        window.until_it_says("Hello there").await
    }
}

fn way(value: &str) -> Place {
    at(&format!("//input[@name='way'][@value='{value}']"))
}

async fn until_it_says(window: &Window, words: &str) -> anyhow::Result<()> {
    let said = async || Ok(window.text().await?.contains(words).then_some(()));
    wait::until(words, LONG, said).await
}

#[tokio::test]
async fn everything_comes_into_containers_from_a_registry() -> anyhow::Result<()> {
    const STORY: &str = "everything_comes_into_containers_from_a_registry";
    if no_browser(STORY)? {
        return Ok(());
    }
    if let Some(reason) = Kind::Docker.missing().or_else(Registry::missing) {
        return Ok(skip::report(&format!("browser::{STORY}"), &reason)?);
    }
    let (engine, registry) = (ContainerEngine::start(Kind::Docker).await?, Registry::start().await?);
    let mut home = Home::new()?;
    home.set("DOCKER_HOST", engine.host());
    for (variable, archive, name) in [
        ("WHISPERENGINE_IMAGE_REDIS", redis::archive()?, redis::NAME),
        ("WHISPERENGINE_IMAGE_POSTGRES", postgres::archive()?, postgres::NAME),
    ] {
        engine.load(&archive).await?;
        let pushed = registry.push(&engine, name).await?;
        engine.run(&["rmi", name]).await?;
        home.set(variable, pushed.at(registry.address()));
    }
    let world = world(home).await?;
    world.to_the_machine().await?;
    let window = &world.window;
    window.until_it_says("Where its parts run").await?;
    super::system::look(window, "setup-ways").await?;
    window.click(&way("containers")).await?;
    window.click(&button("Continue")).await?;
    window.until_at("/setup/containers").await?;
    super::system::look(window, "setup-containers-coming").await?;
    // The box starts again in the middle of it, and the page goes on by itself.
    until_it_says(window, "Everything that you chose runs in its container.").await?;
    super::system::look(window, "setup-containers-there").await?;
    for service in ["postgres", "redis", "engine"] {
        let filter = format!("label=whisperengine.service={service}");
        let ids = engine.run(&["ps", "--quiet", "--filter", &filter]).await?;
        ensure!(ids.lines().count() == 1, "{service}: {ids:?}");
    }
    window.click(&link("Continue")).await?;
    world.goes_on_to_talk().await?;
    window.open("/system").await?;
    window.until_it_says("PostgreSQL, in a container").await?;
    window.until_it_says("Everything is running.").await?;
    super::system::look(window, "system-in-containers").await?;
    // While the box was away nobody answered for a moment.
    let complaints = window.complaints().await?;
    let others: Vec<&String> =
        complaints.iter().filter(|one| !one.contains("/setup/containers/now")).collect();
    ensure!(others.is_empty(), "the console says {others:#?}");
    world.window.close().await
}

#[tokio::test]
async fn an_engine_that_stops_half_way_keeps_nobody_from_going_on() -> anyhow::Result<()> {
    if no_browser("an_engine_that_stops_half_way")? {
        return Ok(());
    }
    let mut home = Home::new()?;
    let socket = home.path().join("engine.sock");
    home.set("DOCKER_HOST", format!("unix://{}", socket.display()));
    let mut engine = FakeEngine::new(&socket)?;
    engine.start()?;
    let world = world(home).await?;
    world.to_the_machine().await?;
    let window = &world.window;
    window.until_it_says("Where its parts run").await?;
    window.click(&way("each")).await?;
    window.click(&at("//input[@name='store']")).await?;
    engine.hang(true);
    window.click(&button("Continue")).await?;
    window.until_at("/setup/containers").await?;
    window.until_it_says("bringing up the database").await?;
    engine.hang(false);
    engine.stop()?;
    window.click(&button("Check again")).await?;
    window.until_it_says("The container engine does not work at the moment.").await?;
    window.until_it_says("bringing up the database").await?;
    super::system::look(window, "setup-containers-lost").await?;
    window.click(&button("Go on without containers")).await?;
    world.goes_on_to_talk().await?;
    window.open("/system").await?;
    window.until_it_says("SQLite, in the box itself").await?;
    window.until_text("nothing under way", |text| text.contains("There is no long work under way.")).await?;
    world.window.close().await
}

#[tokio::test]
async fn where_there_is_no_engine_there_is_nothing_to_choose() -> anyhow::Result<()> {
    if no_browser("where_there_is_no_engine")? {
        return Ok(());
    }
    let mut home = Home::new()?;
    home.set("DOCKER_HOST", format!("unix://{}", home.path().join("nobody.sock").display()));
    let world = world(home).await?;
    world.to_the_machine().await?;
    ensure!(!world.window.text().await?.contains("Where its parts run"));
    world.window.click(&button("Continue")).await?;
    world.goes_on_to_talk().await?;
    world.window.close().await
}
