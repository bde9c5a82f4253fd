//! Services in containers on a private Docker, from local images: brought up from nothing, killed, and taken up again.

use super::report::Figure;
use super::samples::Samples;
use crate::engines::container_engine::ContainerEngine;
use crate::engines::kind::Kind;
use crate::house::House;
use crate::yard::{self, SERVICES, until_told};
use anyhow::Context;
use serde_json::Value;
use std::time::{Duration, Instant};

/// One more would park it.
const KILLS: usize = 4;

pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    if let Some(reason) = Kind::Docker.missing() {
        anyhow::bail!("{reason}");
    }
    let engine = ContainerEngine::start(Kind::Docker).await?;
    yard::load(&engine).await?;
    let mut house = House::over(yard::with_everything(&engine)?)?;
    let begun = Instant::now();
    house.start().await?;
    let up = until_all_serve(&house, begun).await?;
    let image = engine.run(&["images", "whisperengine", "--format", "{{.ID}}"]).await?;
    let bytes: f64 = engine.run(&["image", "inspect", "--format", "{{.Size}}", &image]).await?.parse()?;

    let mut figures = vec![
        Figure::new(
            "containers_from_nothing",
            up,
            "s",
            15.0,
            "own image built, all three serving".to_owned(),
        ),
        Figure::new("image_size", bytes / 1e6, "MB", 150.0, "the box's own image, uncompressed".to_owned()),
    ];
    for (name, service) in [("redis_killed_to_serving", "redis"), ("engine_killed_to_serving", "engine")] {
        let mut samples = Samples::default();
        for _ in 0..KILLS {
            samples.add(kill(&engine, &house, service).await?);
        }
        let seen = format!("median of {KILLS} kills, slowest {:.0} ms", samples.slowest_ms());
        figures.push(Figure::new(name, samples.median_ms() / 1000.0, "s", 5.0, seen));
    }
    let mut taken_up = Samples::default();
    for _ in 0..KILLS {
        house.kill()?;
        let begun = Instant::now();
        house.start().await?;
        taken_up.add(Duration::from_secs_f64(until_all_serve(&house, begun).await?));
    }
    let seen = format!("median of {KILLS} kills of the box, slowest {:.0} ms", taken_up.slowest_ms());
    figures.push(Figure::new("box_killed_to_all_serving", taken_up.median_ms() / 1000.0, "s", 5.0, seen));
    house.stop().await?;
    Ok(figures)
}

/// Ends its container and waits until another process of it serves. The pause grows from one kill to the next, as it does
/// for whoever crashes: the last one is the fourth in a row.
async fn kill(engine: &ContainerEngine, house: &House, service: &str) -> anyhow::Result<Duration> {
    let filter = format!("label=whisperengine.service={service}");
    let id = engine.run(&["ps", "--quiet", "--filter", &filter]).await?;
    let before = until_told(house, service, "to be told", |_| true).await?;
    let before = before["starts"].as_u64().context("starts are counted")?;
    let begun = Instant::now();
    engine.run(&["kill", &id]).await?;
    let serves_again = |told: &Value| told["starts"].as_u64().is_some_and(|starts| starts > before);
    until_told(house, service, "to serve again", |told| told["stage"] == "serving" && serves_again(told))
        .await?;
    Ok(begun.elapsed())
}

/// Seconds since `begun`.
async fn until_all_serve(house: &House, begun: Instant) -> anyhow::Result<f64> {
    for service in SERVICES {
        until_told(house, service, "to serve", |told| told["stage"] == "serving").await?;
    }
    Ok(begun.elapsed().as_secs_f64())
}
