//! The box's services on real container engines: brought up from nothing, hurt in every way at hand, taken up again.
//!
//! The same story runs over Docker, Podman as root and Podman without root. The companion thinks with a model outside of
//! its container. What people say goes on meanwhile, has one reply each, and is there at the end.

use super::turn::survives::{one_reply, outcomes};
use anyhow::{Context, ensure};
use std::net::SocketAddr;
use std::process::Command;
use tests::engines::kind::Kind;
use tests::engines::outside::Outside;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::owner::is_told;
use tests::talk::Talk;
use tests::yard::{SERVICES, SOON, Yard, served};
use tests::{http, reader::Reader, wait};
use uuid::Uuid;

const WORDS: usize = 40;
/// Where a reply stands still until the story lets it go on.
const HALF: usize = 20;

/// What was said, in a conversation of its own each.
struct Said {
    talk: Talk,
    turn: Uuid,
    words: &'static str,
}

impl Said {
    /// One reply, and one entry of the ledger for each attempt; the last one is the one that came to an end.
    async fn has_one_reply(&self) -> anyhow::Result<Vec<String>> {
        let turn = self.talk.turn(self.turn).await?;
        let outcomes: Vec<String> = outcomes(&turn).into_iter().map(str::to_owned).collect();
        ensure!(turn.text == Script::tokens_text(WORDS), "{}: {turn:?}", self.words);
        let (last, before) = outcomes.split_last().context("an attempt")?;
        let ended = before.iter().all(|outcome| outcome == "interrupted" || outcome == "failed");
        ensure!(last == "done" && ended, "{}: {turn:?}", self.words);
        one_reply(&self.talk, &turn, self.words).await?;
        Ok(outcomes)
    }
}

/// A reply that stands still half-way.
async fn half_said(yard: &Yard, model: &ModelServer, words: &'static str) -> anyhow::Result<(Said, Reader)> {
    model.next(Script::tokens(WORDS).hold_after(HALF));
    let talk = Talk::open(yard.house.client()).await?;
    let turn = talk.say(words).await?.id;
    let mut reader = talk.reader(turn);
    reader.read_until(&format!("t{HALF}")).await.context(words)?;
    Ok((Said { talk, turn, words }, reader))
}

async fn say(yard: &Yard, words: &'static str) -> anyhow::Result<Said> {
    let talk = Talk::open(yard.house.client()).await?;
    let turn = talk.exchange(words).await?.id;
    Ok(Said { talk, turn, words })
}

/// No key or password is where an inspection or a list of processes shows it.
async fn keeps_its_secrets(yard: &Yard) -> anyhow::Result<()> {
    let folder = yard.house.home.data_dir().join("run/secrets");
    let mut secrets = Vec::new();
    for file in ["postgres/password", "engine/transport-secret", "engine/master-key"] {
        secrets.push(std::fs::read_to_string(folder.join(file))?.trim().to_owned());
    }
    for service in SERVICES {
        let shown = yard.engine.run(&["inspect", &yard.container(service).await?]).await?;
        ensure!(!secrets.iter().any(|secret| shown.contains(secret)), "{service} shows a secret");
    }
    Ok(())
}

/// Asked from the container's own network, with this machine's programs: two of the three have no shell that could.
pub async fn reaches(yard: &Yard, service: &str, outside: &Outside) -> anyhow::Result<bool> {
    let pid = yard.engine.inspect(&yard.container(service).await?, "{{.State.Pid}}").await?;
    let mut ask = Command::new("nsenter");
    ask.args(["--target", &pid, "--net", "timeout", "5", "redis-cli", "-h", &outside.ip(), "ping"]);
    let said = ask.output().context("nsenter could not be started")?;
    ensure!(!String::from_utf8_lossy(&said.stderr).contains("nsenter:"), "{said:?}");
    Ok(String::from_utf8_lossy(&said.stdout).trim() == "PONG")
}

async fn services_live_through_everything(kind: Kind) -> anyhow::Result<()> {
    let story = "real_services::services_live_through_everything";
    let Some(mut yard) = Yard::full(kind, story).await? else { return Ok(()) };
    let outside = Outside::start().await?;
    let model = ModelServer::start_at(SocketAddr::from((outside.machine(), 0))).await?;
    model.by_default(Script::tokens(WORDS));
    yard.house.start().await?;
    yard.until_ready().await?;
    yard.house.set_up().await?;
    yard.house.connect(&model.base_url(), "scripted").await?;
    for service in SERVICES {
        yard.until_served(service, 1).await?;
    }
    let mut said = vec![say(&yard, "one").await?];
    keeps_its_secrets(&yard).await?;
    for service in ["postgres", "redis"] {
        ensure!(!reaches(&yard, service, &outside).await?, "{service} reaches out");
    }
    wait::until("the companion to reach out", SOON, async || {
        Ok(reaches(&yard, "engine", &outside).await?.then_some(()))
    })
    .await?;

    // The companion's container goes in the middle of a reply, and the box finishes it.
    let (two, mut reader) = half_said(&yard, &model, "two").await?;
    yard.engine.run(&["kill", &yard.container("engine").await?]).await?;
    reader.read_to_end().await.context("the companion was killed")?;
    ensure!(two.has_one_reply().await?.len() == 2, "the companion's container did not say it");
    yard.until_served("engine", 2).await?;

    let (three, mut reader) = half_said(&yard, &model, "three").await?;
    yard.engine.run(&["kill", &yard.container("redis").await?]).await?;
    model.release();
    reader.read_to_end().await.context("the cache was killed")?;
    ensure!(three.has_one_reply().await? == ["done"], "a cache is nothing that a reply waits for");
    yard.until_served("redis", 2).await?;
    yard.engine.run(&["rm", "--force", &yard.container("redis").await?]).await?;
    yard.until_served("redis", 3).await?;

    let (four, mut reader) = half_said(&yard, &model, "four").await?;
    yard.engine.run(&["kill", &yard.container("postgres").await?]).await?;
    model.release();
    yard.until_served("postgres", 2).await?;
    // The companion leans on its database, and is looked at again when that is back.
    yard.until_served("engine", 3).await?;
    yard.until_ready().await?;
    reader.read_to_end().await.context("the store was killed")?;
    eprintln!("{}: a reply over a killed store: {:?}", kind.name(), four.has_one_reply().await?);
    said.extend([two, three, four]);

    // The box dies. What runs goes on, and is taken up as it is.
    let before = yard.starts(&SERVICES).await?;
    let mut times = Vec::new();
    for service in SERVICES {
        times.push((service, served(&yard.house, service)?));
    }
    yard.house.kill()?;
    yard.house.start().await?;
    yard.until_ready().await?;
    said.push(say(&yard, "five").await?);
    for (service, times) in times {
        yard.until_served(service, times + 1).await?;
    }
    ensure!(yard.starts(&SERVICES).await? == before, "something healthy was started again");

    // The engine of containers hangs in the middle of a reply, and then is gone for a while.
    let (six, mut reader) = half_said(&yard, &model, "six").await?;
    yard.engine.hang().await?;
    model.release();
    reader.read_to_end().await.context("the container engine hangs")?;
    ensure!(six.has_one_reply().await? == ["done"], "a container engine is nothing that a reply waits for");
    said.push(six);
    yard.engine.go_on()?;
    yard.engine.kill().await?;
    let health = http::get(yard.house.address(), "/health").await?;
    ensure!(health.status() == 200, "the box itself answers whatever becomes of containers");
    yard.engine.start_again().await?;
    yard.until_ready().await?;
    said.push(say(&yard, "seven").await?);

    // Stopped in order, it takes its containers with it, and leaves what was said.
    yard.stop().await?;
    yard.house.start().await?;
    yard.until_ready().await?;
    for said in &said {
        said.has_one_reply().await?;
    }
    yard.stop().await.context("the second stop")?;

    // Somebody prunes all there is: nothing empty takes the place of what was said until its owner wishes so.
    let containers = yard.engine.run(&["ps", "--all", "--quiet"]).await?;
    yard.engine.run(&[&["rm"], containers.lines().collect::<Vec<_>>().as_slice()].concat()).await?;
    let volumes = yard.engine.run(&["volume", "ls", "--quiet"]).await?;
    yard.engine.run(&[&["volume", "rm"], volumes.lines().collect::<Vec<_>>().as_slice()].concat()).await?;
    yard.house.start().await?;
    is_told(&yard.house, "postgres_volume_gone").await?;
    let left = yard.engine.run(&["volume", "ls", "--quiet"]).await?;
    ensure!(left.is_empty(), "it began anew: {left}");
    yard.house.stop().await
}

#[tokio::test]
async fn on_docker_services_live_through_everything() -> anyhow::Result<()> {
    services_live_through_everything(Kind::Docker).await
}

#[tokio::test]
async fn on_podman_services_live_through_everything() -> anyhow::Result<()> {
    services_live_through_everything(Kind::Podman).await
}

#[tokio::test]
async fn on_rootless_podman_services_live_through_everything() -> anyhow::Result<()> {
    services_live_through_everything(Kind::RootlessPodman).await
}
