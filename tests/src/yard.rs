//! A box that keeps services in containers of a real engine: how it is set up, what it says of them, and what the engine
//! does.

use crate::engines::container_engine::ContainerEngine;
use crate::engines::images::{moody, postgres, redis};
use crate::engines::kind::Kind;
use crate::engines::podman::USER_ID;
use crate::engines::registry::{Pushed, Registry};
use crate::house::House;
use crate::owner::signed_in;
use crate::process::Home;
use crate::visitor::Visitor;
use crate::{http, skip, wait};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::os::unix::fs::chown;
use std::time::Duration;

/// Three engines and their containers share two cores with every other story.
pub const SOON: Duration = Duration::from_secs(90);
/// All that a box can keep in containers, those first that others lean on.
pub const SERVICES: [&str; 3] = ["postgres", "redis", "engine"];

pub struct Yard {
    // Before the engine: a box that is left behind ends while its containers can still be asked.
    pub house: House,
    pub engine: ContainerEngine,
}

/// An engine of this kind, or `None` where the machine has none: that is told.
pub async fn engine(kind: Kind, story: &str) -> anyhow::Result<Option<ContainerEngine>> {
    if let Some(reason) = kind.missing() {
        skip::report(&format!("{story} on {}", kind.name()), &reason)?;
        return Ok(None);
    }
    ContainerEngine::start(kind).await.map(Some)
}

/// An engine and a registry beside it, which has the moody image of a cache. The engine has to pull it.
pub struct Pulling {
    pub engine: ContainerEngine,
    pub registry: Registry,
    pub pushed: Pushed,
}

/// Images lie on a disk of so many mebibytes. `None` where the machine lacks something: that is told.
pub async fn pulling(kind: Kind, mebibytes: u64, story: &str) -> anyhow::Result<Option<Pulling>> {
    if let Some(reason) = kind.missing().or_else(Registry::missing) {
        skip::report(&format!("{story} on {}", kind.name()), &reason)?;
        return Ok(None);
    }
    let engine = ContainerEngine::start_on_disk(kind, mebibytes).await?;
    let registry = Registry::start().await?;
    engine.load(&moody::archive()?).await?;
    let pushed = registry.push(&engine, moody::NAME).await?;
    engine.run(&["rmi", moody::NAME]).await?;
    Ok(Some(Pulling { engine, registry, pushed }))
}

/// Of a box beside this engine whose cache is in a container of that image.
pub fn with_cache(engine: &ContainerEngine, image: &str) -> anyhow::Result<Home> {
    let mut home = Home::new()?;
    home.set("DOCKER_HOST", engine.host());
    home.set("WHISPERENGINE_RUNTIME", "docker");
    home.set("WHISPERENGINE_VOICE", "false");
    home.set("WHISPERENGINE_IMAGE_REDIS", image);
    Ok(home)
}

/// Of a box whose store, cache and companion are in containers.
pub fn with_everything(engine: &ContainerEngine) -> anyhow::Result<Home> {
    let mut home = with_cache(engine, redis::NAME)?;
    home.set("WHISPERENGINE_DATABASE_TYPE", "postgres");
    home.set("WHISPERENGINE_IMAGE_POSTGRES", postgres::NAME);
    Ok(home)
}

/// What [`with_everything`] needs from a registry.
pub async fn load(engine: &ContainerEngine) -> anyhow::Result<()> {
    engine.load(&redis::archive()?).await?;
    engine.load(&postgres::archive()?).await
}

impl Yard {
    /// With everything in containers, and not yet up.
    pub async fn full(kind: Kind, story: &str) -> anyhow::Result<Option<Self>> {
        let Some(engine) = engine(kind, story).await? else { return Ok(None) };
        load(&engine).await?;
        let home = with_everything(&engine)?;
        let owner = if kind == Kind::RootlessPodman { Some(give_away(&home)?) } else { None };
        let mut house = House::over(home)?;
        if let Some(wrapper) = &owner {
            house.start_under(&wrapper.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Ok(Some(Self { house, engine }))
    }

    /// Up, with an owner who has signed in, and its cache serves.
    pub async fn with_owner(home: Home, engine: ContainerEngine) -> anyhow::Result<(Self, Visitor)> {
        let mut house = House::over(home)?;
        house.up().await?;
        house.set_up().await?;
        let ada = signed_in(&house).await?;
        let yard = Self { house, engine };
        yard.until_served("redis", 1).await?;
        Ok((yard, ada))
    }

    pub async fn until_ready(&self) -> anyhow::Result<()> {
        wait::until("the box to be ready", SOON, async || {
            let answered = http::get(self.house.address(), "/ready").await;
            Ok(answered.is_ok_and(|answer| answer.status() == 200).then_some(()))
        })
        .await
        .with_context(|| last_lines(&self.house))
    }

    /// In order, and until its containers have ended, too.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.house.stop().await?;
        self.engine.until_nothing_runs().await
    }

    /// The container of a service, running or not.
    pub async fn container(&self, service: &str) -> anyhow::Result<String> {
        let ids = self.containers(service).await?;
        ensure!(ids.len() == 1, "one container of {service}: {ids:?}");
        Ok(ids.concat())
    }

    pub async fn containers(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let filter = format!("label=whisperengine.service={service}");
        let ids = self.engine.run(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]).await?;
        Ok(ids.lines().map(str::to_owned).collect())
    }

    /// Which containers there are and when each was started: what an adoption leaves as it is.
    pub async fn starts(&self, services: &[&str]) -> anyhow::Result<Vec<(String, String)>> {
        let mut all = Vec::new();
        for service in services {
            let id = self.container(service).await?;
            let started = self.engine.inspect(&id, "{{.State.StartedAt}}").await?;
            all.push((id, started));
        }
        Ok(all)
    }

    pub async fn until_served(&self, service: &str, times: usize) -> anyhow::Result<()> {
        let what = format!("{service} to serve for the {times}th time");
        let served = async || Ok((served(&self.house, service)? >= times).then_some(()));
        let Err(error) = wait::until(&what, SOON, served).await else { return Ok(()) };
        let words = match self.container(service).await {
            Ok(id) => self.engine.run(&["logs", "--tail", "5", &id]).await.unwrap_or_default(),
            Err(none) => none.to_string(),
        };
        Err(error.context(format!("{}\n{words}", last_lines(&self.house))))
    }

    pub async fn until_stage(&self, service: &str, stage: &str) -> anyhow::Result<Value> {
        until_told(&self.house, service, &format!("to be {stage}"), |told| told["stage"] == stage).await
    }
}

/// How often a service came to serve, as the log tells.
pub fn served(house: &House, service: &str) -> anyhow::Result<usize> {
    let log = std::fs::read_to_string(house.home.data_dir().join("logs/app.log"))?;
    Ok(log.matches(&format!("{service} was starting and is serving")).count())
}

/// What the box says of a service, as soon as it is `what`.
pub async fn until_told(
    house: &House,
    service: &str,
    what: &str,
    holds: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let mut last = None;
    let waited = wait::until(&format!("{service} {what}"), SOON, async || {
        // Right after a start the socket may not be there yet.
        let all = house.client().get::<Vec<Value>>("/appliance/services").await.unwrap_or_default();
        last = all.into_iter().find(|one| one["name"] == service);
        Ok(last.clone().filter(&holds))
    })
    .await;
    waited.with_context(|| format!("it is {last:?}\n{}", last_lines(house)))
}

/// What the box logged last, for whoever asks why a story failed.
pub fn last_lines(house: &House) -> String {
    let log = std::fs::read_to_string(house.home.data_dir().join("logs/app.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().filter(|line| !line.contains("answered a request")).collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

/// A box beside an engine without root is its user's own. Returns what it is started under: as that user, from a copy of the
/// program, since the build's folder may be closed to others.
fn give_away(home: &Home) -> anyhow::Result<Vec<String>> {
    std::fs::copy(crate::binary::whisperengine()?, home.path().join("program"))?;
    chown(home.path(), Some(USER_ID), Some(USER_ID))?;
    let user = USER_ID.to_string();
    let own_program = "shift; exec ./program \"$@\"";
    let words =
        ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups", "sh", "-c", own_program, "sh"];
    // The program's own path comes next, and is dropped.
    Ok(words.map(str::to_owned).into())
}
