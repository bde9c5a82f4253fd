//! A move of the Store while somebody lives in the box: how long nobody is answered, for each ten thousand rows.
//!
//! The container engine is the scripted one; its database is a real PostgreSQL.

use super::long_house::conversation_of;
use super::report::Figure;
use crate::daemon::engine::FakeEngine;
use crate::house::House;
use crate::http;
use crate::process::Home;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const TURNS: usize = 2000;
const PATIENCE: Duration = Duration::from_mins(5);
const PACE: Duration = Duration::from_millis(5);

pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let mut home = Home::new()?;
    let socket = home.path().join("engine.sock");
    home.set("DOCKER_HOST", format!("unix://{}", socket.display()));
    let mut engine = FakeEngine::new(&socket)?;
    engine.has_everything_of("whisperengine:");
    engine.start()?;
    let mut house = House::over(home)?;
    house.up().await?;
    house.set_up().await?;
    conversation_of(&house.client(), TURNS, 1).await?;
    let mut figures = Vec::new();
    for (name, to) in [("move_to_postgres", "postgres"), ("move_to_sqlite", "sqlite")] {
        figures.push(moved(&mut house, name, to).await?);
    }
    house.stop().await?;
    Ok(figures)
}

async fn moved(house: &mut House, name: &'static str, to: &'static str) -> anyhow::Result<Figure> {
    let begun = Instant::now();
    let command = ["migrate-store", "--to", to, "--json"];
    let (moved, silent) = tokio::join!(house.home.run(&command, PATIENCE), silence(house.address()));
    let (moved, silent) = (moved?, silent?);
    ensure!(moved.status.success(), "{}", moved.stderr);
    let whole = begun.elapsed().as_secs_f64();
    house.until_ready().await?;
    let told: Value = serde_json::from_str(&moved.stdout)?;
    let rows = told["rows"].as_f64().context("a number of rows")?;
    let seen = format!("{rows:.0} rows, {:.2} s without answers of {whole:.1} s", silent.as_secs_f64());
    Ok(Figure::new(name, silent.as_secs_f64() * 10_000.0 / rows, "s", 5.0, seen))
}

/// From the first moment in which it is not ready to the next in which it is.
async fn silence(address: SocketAddr) -> anyhow::Result<Duration> {
    let begun = until(address, false).await?;
    Ok(until(address, true).await? - begun)
}

async fn until(address: SocketAddr, ready: bool) -> anyhow::Result<Instant> {
    let begun = Instant::now();
    loop {
        let is_ready = http::get(address, "/ready").await.is_ok_and(|answer| answer.status().is_success());
        if is_ready == ready {
            return Ok(Instant::now());
        }
        ensure!(begun.elapsed() < PATIENCE, "it stayed {}", if ready { "silent" } else { "ready" });
        tokio::time::sleep(PACE).await;
    }
}
