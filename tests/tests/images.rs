//! The box's own image and bundles, on a real Docker: carried to a machine without a registry, and run by hand.

use anyhow::{Context, ensure};
use tests::engines::container_engine::ContainerEngine;
use tests::engines::kind::Kind;
use tests::free_port::free_port;
use tests::house::House;
use tests::process::Home;
use tests::yard::{self, SERVICES, SOON};
use tests::{http, wait};

async fn docker(story: &str) -> anyhow::Result<Option<ContainerEngine>> {
    yard::engine(Kind::Docker, &format!("images::{story}")).await
}

/// The box's own image on an engine, made by `bundle create`, which needs all of them.
async fn bundle(engine: &ContainerEngine, home: &Home) -> anyhow::Result<std::path::PathBuf> {
    yard::load(engine).await?;
    let out = home.path().join("all.bundle");
    let made = home.run(&["bundle", "create", "--out", out.to_str().context("a plain path")?], SOON).await?;
    ensure!(made.status.success(), "{}", made.stderr);
    Ok(out)
}

async fn answers(address: std::net::SocketAddr, path: &str) -> anyhow::Result<()> {
    wait::until(path, SOON, async || {
        let answered = http::get(address, path).await;
        Ok(answered.is_ok_and(|answer| answer.status() == 200).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_bundle_brings_up_a_machine_that_has_no_registry() -> anyhow::Result<()> {
    let story = "a_bundle_brings_up_a_machine_that_has_no_registry";
    let (Some(first), Some(second)) = (docker(story).await?, docker(story).await?) else { return Ok(()) };
    let where_it_was_made = yard::with_everything(&first)?;
    let file = bundle(&first, &where_it_was_made).await?;
    let home = yard::with_everything(&second)?;
    let loaded = home.run(&["bundle", "load", file.to_str().context("a plain path")?], SOON).await?;
    ensure!(loaded.status.success(), "{}", loaded.stderr);
    drop(first);

    let mut house = House::over(home)?;
    house.start().await?;
    answers(house.address(), "/ready").await?;
    for service in SERVICES {
        yard::until_told(&house, service, "to serve", |told| told["stage"] == "serving").await?;
    }
    let ids = second.run(&["images", "--quiet"]).await?;
    ensure!(ids.lines().count() == SERVICES.len(), "only what the bundle holds is there: {ids}");
    house.stop().await
}

#[tokio::test]
async fn the_image_is_a_whole_box_by_itself() -> anyhow::Result<()> {
    let Some(engine) = docker("the_image_is_a_whole_box_by_itself").await? else { return Ok(()) };
    bundle(&engine, &yard::with_everything(&engine)?).await?;
    let image = engine.run(&["images", "whisperengine", "--format", "{{.Repository}}:{{.Tag}}"]).await?;
    engine.run(&["network", "create", "open"]).await?;
    let address = free_port()?;
    let port = format!("{address}:8080");
    let words = ["run", "--detach", "--name", "box", "--network", "open", "--publish", &port];
    let rest = ["--volume", "data:/data", "--health-interval", "1s", &image];
    engine.run(&[words.as_slice(), &rest].concat()).await?;
    answers(address, "/ready").await?;
    let first = engine.run(&["exec", "box", "/usr/bin/whisperengine", "status", "--json"]).await?;
    ensure!(first.contains("\"mode\": \"container\""), "{first}");
    wait::until("the health check to be content", SOON, async || {
        let health = engine.inspect("box", "{{.State.Health.Status}}").await?;
        Ok((health == "healthy").then_some(()))
    })
    .await?;

    engine.run(&["stop", "--time", "60", "box"]).await?;
    ensure!(engine.inspect("box", "{{.State.ExitCode}}").await? == "0", "it did not end well");
    engine.run(&["rm", "box"]).await?;
    // Another container on the same volume is the same box.
    engine.run(&[words.as_slice(), &rest].concat()).await?;
    answers(address, "/ready").await
}
