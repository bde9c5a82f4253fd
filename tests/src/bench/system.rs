//! The system page and the detection in every state that a container engine can be in, and what keeping services costs.
//!
//! The engine is the scripted one: a real one does not hang or crash its containers on command. Each page is asked for
//! by its signed-in owner.

use super::report::Figure;
use super::resources::{MEGABYTE, memory, processor_time};
use super::samples::Samples;
use crate::daemon::engine::FakeEngine;
use crate::daemon::script::Program;
use crate::house::{House, PASSWORD};
use crate::process::Home;
use crate::visitor::Visitor;
use crate::yard::until_told;
use anyhow::ensure;
use std::time::{Duration, Instant};

const PAGES: usize = 100;
const DETECTIONS: usize = 5;
const IDLE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(30);
/// From its second failure on it is in a loop.
const STARTS_OF_A_LOOP: u64 = 2;

pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let mut home = Home::new()?;
    let socket = home.path().join("engine.sock");
    home.set("DOCKER_HOST", format!("unix://{}", socket.display()));
    home.set("WHISPERENGINE_RUNTIME", "docker");
    home.set("WHISPERENGINE_VOICE", "false");
    let (mut engine, mut house) = (FakeEngine::new(&socket)?, House::over(home)?);
    let mut figures = vec![detection(&house, "detection_none", 300.0).await?];
    engine.start()?;
    figures.push(detection(&house, "detection_running", 300.0).await?);
    engine.hang(true);
    // Its patience with an engine that takes calls and answers none is two seconds.
    figures.push(detection(&house, "detection_hung", 2500.0).await?);
    engine.hang(false);
    engine.stop()?;

    house.up().await?;
    house.set_up().await?;
    let mut owner = Visitor::at(house.address());
    owner.open("/sign-in").await?;
    owner.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    figures.push(page(&mut owner, "system_page_no_engine").await?);
    engine.start()?;
    until_told(&house, "redis", "to serve", |told| told["stage"] == "serving").await?;
    figures.push(page(&mut owner, "system_page_serving").await?);
    figures.extend(rest(&house).await?);
    engine.hang(true);
    figures.push(page(&mut owner, "system_page_engine_hung").await?);
    engine.hang(false);
    engine.run_in_containers(Program::Ends { code: 1, says: "again" });
    engine.kill("redis")?;
    let in_a_loop = |told: &serde_json::Value| told["starts"].as_u64() > Some(STARTS_OF_A_LOOP);
    until_told(&house, "redis", "to crash again and again", in_a_loop).await?;
    figures.push(page(&mut owner, "system_page_crash_loop").await?);
    house.stop().await?;
    Ok(figures)
}

/// By a command that starts, looks and tells.
async fn detection(house: &House, name: &'static str, at_most: f64) -> anyhow::Result<Figure> {
    let mut samples = Samples::default();
    for _ in 0..DETECTIONS {
        let begun = Instant::now();
        let told = house.home.run(&["doctor", "--json"], PATIENCE).await?;
        samples.add(begun.elapsed());
        ensure!(told.stdout.contains("\"runtime\""), "{}", told.stderr);
    }
    let seen = format!("median of {DETECTIONS} `doctor`, slowest {:.0} ms", samples.slowest_ms());
    Ok(Figure::new(name, samples.median_ms(), "ms", at_most, seen))
}

async fn page(owner: &mut Visitor, name: &'static str) -> anyhow::Result<Figure> {
    let mut samples = Samples::default();
    for _ in 0..PAGES {
        let begun = Instant::now();
        let page = owner.open("/system").await?;
        samples.add(begun.elapsed());
        ensure!(page.status.is_success(), "{name}: {}", page.status);
    }
    let seen = format!("99 of 100 of {PAGES} pages, median {:.0} ms", samples.median_ms());
    Ok(Figure::new(name, samples.quantile_ms(0.99), "ms", 300.0, seen))
}

/// Nobody looks and nobody talks: what is left is the keeping of one service.
async fn rest(house: &House) -> anyhow::Result<Vec<Figure>> {
    let pid = house.process()?.pid();
    let (begun, used) = (Instant::now(), processor_time(pid)?);
    tokio::time::sleep(IDLE).await;
    let taken = processor_time(pid)?.saturating_sub(used).as_secs_f64() / begun.elapsed().as_secs_f64();
    let seen = format!("of one core, over {:.0} s, keeping Redis", IDLE.as_secs_f64());
    Ok(vec![
        Figure::new("keeping_cpu", 100.0 * taken, "%", 1.0, seen),
        Figure::new("keeping_memory", memory(pid)? as f64 / MEGABYTE, "MB", 60.0, "keeping Redis".to_owned()),
    ])
}
