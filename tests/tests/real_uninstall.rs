//! Figures, logs and leaving on real container engines, each of which tells and takes in its own way.

use super::services::figures::until_page_says;
use anyhow::ensure;
use std::time::Duration;
use tests::engines::container_engine::ContainerEngine;
use tests::engines::images::redis;
use tests::engines::kind::Kind;
use tests::house::{House, PASSWORD};
use tests::process::Home;
use tests::skip;
use tests::visitor::Visitor;

/// Engines share two cores with every other story.
const SOON: Duration = Duration::from_secs(90);
const NEIGHBOUR: &str = "whisperengine.box=0a1b2c3d";

async fn is_looked_after_and_left(kind: Kind) -> anyhow::Result<()> {
    if let Some(reason) = kind.missing() {
        return Ok(skip::report(&format!("real_uninstall on {}", kind.name()), &reason)?);
    }
    let engine = ContainerEngine::start(kind).await?;
    engine.load(&redis::archive()?).await?;
    let mut home = Home::new()?;
    home.set("DOCKER_HOST", engine.host());
    home.set("WHISPERENGINE_RUNTIME", "docker");
    home.set("WHISPERENGINE_VOICE", "false");
    home.set("WHISPERENGINE_IMAGE_REDIS", redis::NAME);
    let mut house = House::over(home)?;
    house.up().await?;
    house.set_up().await?;
    let mut ada = Visitor::at(house.address());
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    until_page_says(&mut ada, "/system", "MB of at most").await?;
    until_page_says(&mut ada, "/system", "% of one core</dd>").await?;
    until_page_says(&mut ada, "/system/logs?part=redis", "Ready to accept connections").await?;
    let said = house.home.run(&["logs", "redis"], SOON).await?;
    ensure!(said.status.success() && said.stdout.contains("Ready to accept connections"), "{said:?}");

    // Somebody else's box on the same engine.
    engine.run(&["network", "create", "--label", NEIGHBOUR, "theirs"]).await?;
    engine.run(&["volume", "create", "--label", NEIGHBOUR, "theirs"]).await?;
    engine.run(&["create", "--label", NEIGHBOUR, "--name", "theirs", redis::NAME]).await?;
    house.stop().await?;
    let ours = engine.run(&["ps", "--all", "--format", "{{.Names}}"]).await?;
    ensure!(ours.lines().count() == 2, "{ours}");
    let done = house.home.run(&["uninstall", "--yes"], SOON).await?;
    ensure!(done.status.success() && done.stdout.contains("container  whisperengine-"), "{done:?}");
    ensure!(!house.home.data_dir().exists(), "its data is still there");
    let left = engine.run(&["ps", "--all", "--format", "{{.Names}}"]).await?;
    ensure!(left == "theirs", "{left}");
    let networks = engine.run(&["network", "ls", "--format", "{{.Name}}"]).await?;
    ensure!(networks.contains("theirs") && !networks.contains("whisperengine"), "{networks}");
    let volumes = engine.run(&["volume", "ls", "--format", "{{.Name}}"]).await?;
    ensure!(volumes.lines().any(|name| name == "theirs") && !volumes.contains("whisperengine"), "{volumes}");
    Ok(())
}

#[tokio::test]
async fn on_docker_a_box_is_looked_after_and_left() -> anyhow::Result<()> {
    is_looked_after_and_left(Kind::Docker).await
}

#[tokio::test]
async fn on_podman_a_box_is_looked_after_and_left() -> anyhow::Result<()> {
    is_looked_after_and_left(Kind::Podman).await
}
