//! The box's services on real container engines: brought up from nothing, hurt in every way at hand, taken up again.
//!
//! The same story runs over Docker, Podman as root and Podman without root. What people say goes on meanwhile, and is
//! there at the end.

use anyhow::{Context, ensure};
use std::os::unix::fs::chown;
use std::time::Duration;
use tests::engines::container_engine::ContainerEngine;
use tests::engines::images::{postgres, redis};
use tests::engines::kind::Kind;
use tests::engines::outside::Outside;
use tests::engines::podman::USER_ID;
use tests::house::House;
use tests::process::Home;
use tests::talk::Talk;
use tests::{skip, wait};

/// Three engines and their containers share two cores with every other story.
const SOON: Duration = Duration::from_secs(90);
const SERVICES: [&str; 3] = ["postgres", "redis", "engine"];
const NOBODY: &str = "nobody answers";

/// A box whose store, cache and companion run in containers of a real engine.
struct Yard {
    engine: ContainerEngine,
    house: House,
}

impl Yard {
    async fn new(kind: Kind, story: &str) -> anyhow::Result<Option<Self>> {
        if let Some(reason) = kind.missing() {
            skip::report(&format!("real_services::{story} on {}", kind.name()), &reason)?;
            return Ok(None);
        }
        let engine = ContainerEngine::start(kind).await?;
        engine.load(&redis::archive()?).await?;
        engine.load(&postgres::archive()?).await?;
        let mut home = Home::new()?;
        home.set("DOCKER_HOST", engine.host());
        home.set("WHISPERENGINE_RUNTIME", "docker");
        home.set("WHISPERENGINE_DATABASE_TYPE", "postgres");
        home.set("WHISPERENGINE_IMAGE_POSTGRES", postgres::NAME);
        home.set("WHISPERENGINE_IMAGE_REDIS", redis::NAME);
        let owner = if kind == Kind::RootlessPodman { Some(give_away(&home)?) } else { None };
        let mut house = House::over(home)?;
        if let Some(wrapper) = &owner {
            house.start_under(&wrapper.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Ok(Some(Self { engine, house }))
    }

    /// How often a service came to serve, as the log tells.
    fn served(&self, service: &str) -> anyhow::Result<usize> {
        let log = std::fs::read_to_string(self.house.home.data_dir().join("logs/app.log"))?;
        Ok(log.matches(&format!("{service} was starting and is serving")).count())
    }

    async fn until_served(&self, service: &str, times: usize) -> anyhow::Result<()> {
        let what = format!("{service} to serve for the {times}th time");
        let served = async || Ok((self.served(service)? >= times).then_some(()));
        let Err(error) = wait::until(&what, SOON, served).await else { return Ok(()) };
        let words = match self.container(service).await {
            Ok(id) => self.engine.run(&["logs", "--tail", "5", &id]).await.unwrap_or_default(),
            Err(none) => none.to_string(),
        };
        Err(error.context(format!("{}\n{words}", self.last_lines())))
    }

    /// What the box said last, for whoever asks why a story failed.
    fn last_lines(&self) -> String {
        let log = self.house.home.data_dir().join("logs/app.log");
        let log = std::fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("answered a request")).collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        wait::until("the box to be ready", SOON, async || {
            let answered = tests::http::get(self.house.address(), "/ready").await;
            Ok(answered.is_ok_and(|answer| answer.status() == 200).then_some(()))
        })
        .await
    }

    /// The container of a service, running or not.
    async fn container(&self, service: &str) -> anyhow::Result<String> {
        let filter = format!("label=whisperengine.service={service}");
        let ids = self.engine.run(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]).await?;
        ensure!(ids.lines().count() == 1, "one container of {service}: {ids:?}");
        Ok(ids)
    }

    /// Which containers there are and when each was started: what an adoption leaves as it is.
    async fn starts(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut all = Vec::new();
        for service in SERVICES {
            let id = self.container(service).await?;
            let started = self.engine.inspect(&id, "{{.State.StartedAt}}").await?;
            all.push((id, started));
        }
        Ok(all)
    }

    /// No key or password is where an inspection or a list of processes shows it.
    async fn keeps_its_secrets(&self) -> anyhow::Result<()> {
        let folder = self.house.home.data_dir().join("run/secrets");
        let mut secrets = Vec::new();
        for file in ["postgres/password", "engine/transport-secret", "engine/master-key"] {
            secrets.push(std::fs::read_to_string(folder.join(file))?.trim().to_owned());
        }
        for service in SERVICES {
            let shown = self.engine.run(&["inspect", &self.container(service).await?]).await?;
            ensure!(!secrets.iter().any(|secret| shown.contains(secret)), "{service} shows a secret");
        }
        Ok(())
    }

    /// The one that has a shell stands for both that must not get out.
    async fn reaches_nobody(&self, outside: &Outside) -> anyhow::Result<()> {
        let ask = format!("timeout 3 redis-cli -h {} ping 2>/dev/null || echo {NOBODY}", outside.ip());
        let said = self.engine.run(&["exec", &self.container("redis").await?, "sh", "-c", &ask]).await?;
        ensure!(said == NOBODY, "a container reached the outside: {said}");
        Ok(())
    }
}

/// A box beside an engine without root is its user's own. Returns what it is started under: as that user, from a copy of the
/// program, since the build's folder may be closed to others.
fn give_away(home: &Home) -> anyhow::Result<Vec<String>> {
    std::fs::copy(tests::binary::whisperengine()?, home.path().join("program"))?;
    chown(home.path(), Some(USER_ID), Some(USER_ID))?;
    let user = USER_ID.to_string();
    let own_program = "shift; exec ./program \"$@\"";
    let words =
        ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups", "sh", "-c", own_program, "sh"];
    // The program's own path comes next, and is dropped.
    Ok(words.map(str::to_owned).into())
}

async fn services_live_through_everything(kind: Kind) -> anyhow::Result<()> {
    let Some(mut yard) = Yard::new(kind, "services_live_through_everything").await? else { return Ok(()) };
    yard.house.start().await?;
    yard.until_ready().await?;
    yard.house.set_up().await?;
    for service in SERVICES {
        yard.until_served(service, 1).await?;
    }
    let talk = Talk::open(yard.house.client()).await?;
    talk.exchange("one").await?;
    yard.keeps_its_secrets().await?;
    yard.reaches_nobody(&Outside::start().await?).await?;

    // The companion's container goes in the middle of everything, and nobody notices.
    yard.engine.run(&["kill", &yard.container("engine").await?]).await?;
    talk.exchange("two").await?;
    yard.until_served("engine", 2).await?;
    yard.engine.run(&["kill", &yard.container("redis").await?]).await?;
    talk.exchange("three").await?;
    yard.until_served("redis", 2).await?;
    yard.engine.run(&["rm", "--force", &yard.container("redis").await?]).await?;
    yard.until_served("redis", 3).await?;
    yard.engine.run(&["kill", &yard.container("postgres").await?]).await?;
    yard.until_served("postgres", 2).await?;
    // The companion leans on its database, and is looked at again when that is back.
    yard.until_served("engine", 3).await?;
    yard.until_ready().await?;
    talk.exchange("four").await?;

    // The box dies. What runs goes on, and is taken up as it is.
    let before = yard.starts().await?;
    let served = [yard.served("postgres")?, yard.served("redis")?, yard.served("engine")?];
    yard.house.kill()?;
    yard.house.start().await?;
    yard.until_ready().await?;
    talk.exchange("five").await?;
    for (service, times) in SERVICES.into_iter().zip(served) {
        yard.until_served(service, times + 1).await?;
    }
    ensure!(yard.starts().await? == before, "something healthy was started again");

    // The engine of containers hangs, and then is gone for a while.
    yard.engine.hang().await?;
    talk.exchange("six").await?;
    yard.engine.go_on()?;
    yard.engine.kill().await?;
    let health = tests::http::get(yard.house.address(), "/health").await?;
    ensure!(health.status() == 200, "the box itself answers whatever becomes of containers");
    yard.engine.start_again().await?;
    yard.until_ready().await?;
    talk.exchange("seven").await?;

    // Stopped in order, it takes its containers with it, and leaves what was said.
    yard.house.stop().await?;
    let running = yard.engine.run(&["ps", "--quiet"]).await?;
    ensure!(running.is_empty(), "containers run on without the box: {running}");
    yard.house.start().await?;
    yard.until_ready().await?;
    let said = talk.exchanged().await?;
    let mine: Vec<&str> = said.iter().step_by(2).map(|message| message.text.as_str()).collect();
    ensure!(mine == ["one", "two", "three", "four", "five", "six", "seven"], "what was said is {mine:?}");
    yard.house.stop().await.context("the second stop")
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
