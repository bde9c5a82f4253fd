//! A box that runs services in containers of an engine that does as it is told: Redis, and where a story asks for it
//! PostgreSQL, the companion's engine and the voice, too.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;
use tests::daemon::engine::FakeEngine;
use tests::house::House;
use tests::http;
use tests::process::Home;
use tests::talk::Talk;
use tests::wait;

/// For what takes a moment, on a machine that does much else.
pub const SOON: Duration = Duration::from_secs(150);
/// Lines of what a container said.
const LAST: usize = 5;
pub const REDIS: &str = "redis";
pub const POSTGRES: &str = "postgres";
pub const ENGINE: &str = "engine";
pub const VOICE: &str = "voice";

/// A voice has a container, too, where the machine is not a small one.
const SPEAKS: (&str, &str) = ("WHISPERENGINE_VOICE", "true");
const NOT_SMALL: (&str, &str) = ("WHISPERENGINE_SCALE_TIER", "2");

pub struct Scene {
    pub house: House,
    pub engine: FakeEngine,
    pub services: &'static [&'static str],
    /// Lines of the log before this one were heard.
    heard: usize,
}

/// One line of the log about a service.
#[derive(Clone, Debug)]
pub struct Line {
    pub message: String,
    pub detail: String,
}

impl Scene {
    /// Neither the box nor its engine runs yet.
    pub fn new() -> anyhow::Result<Self> {
        Self::with(&[])
    }

    /// With these settings.
    pub fn with(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut home = Home::new()?;
        let socket = home.path().join("engine.sock");
        home.set("DOCKER_HOST", format!("unix://{}", socket.display()));
        home.set("WHISPERENGINE_RUNTIME", "docker");
        home.set(SPEAKS.0, "false");
        for (name, value) in settings {
            home.set(name, *value);
        }
        Ok(Self {
            house: House::over(home)?,
            engine: FakeEngine::new(&socket)?,
            services: &[REDIS],
            heard: 0,
        })
    }

    /// With its own database, engine and voice in containers, too. The image of this very program was built long ago.
    pub fn full() -> anyhow::Result<Self> {
        let mut scene = Self::with(&[("WHISPERENGINE_DATABASE_TYPE", "postgres"), SPEAKS, NOT_SMALL])?;
        scene.services = &[POSTGRES, REDIS, ENGINE, VOICE];
        scene.engine.has_everything_of("whisperengine:");
        Ok(scene)
    }

    /// Which listens and speaks in a container.
    pub fn speaking() -> anyhow::Result<Self> {
        let mut scene = Self::with(&[SPEAKS, NOT_SMALL])?;
        scene.services = &[REDIS, VOICE];
        scene.engine.has_everything_of("whisperengine:");
        Ok(scene)
    }

    /// Everything is in the box itself, and nothing was chosen yet.
    pub fn undecided() -> anyhow::Result<Self> {
        let mut scene = Self::with(&[("WHISPERENGINE_RUNTIME", "auto"), SPEAKS])?;
        scene.services = &[POSTGRES, REDIS, ENGINE];
        scene.engine.has_everything_of("whisperengine:");
        Ok(scene)
    }

    /// The box runs beside its engine, and has an owner.
    pub async fn inhabited() -> anyhow::Result<Self> {
        let mut scene = Self::new()?;
        scene.begin().await?;
        scene.until_serving().await?;
        Ok(scene)
    }

    /// Both are up; how the service does is to be seen.
    pub async fn begin(&mut self) -> anyhow::Result<()> {
        self.engine.start()?;
        self.house.up().await?;
        self.house.set_up().await.map(drop)
    }

    /// The box is up and answers, natively where it must: a turn is spoken to its end.
    pub async fn is_whole(&self) -> anyhow::Result<()> {
        let health = http::get(self.house.address(), "/ready").await?;
        ensure!(health.status().is_success(), "the box is not ready: {health:?}");
        let talk = Talk::open(self.house.client()).await?;
        let turn = talk.exchange("Are you there?").await?;
        ensure!(!talk.exchanged().await?.is_empty(), "nothing was said in {turn:?}");
        Ok(())
    }

    /// The next line about the service, from where was heard last, whose message has these words in it.
    pub async fn hears(&mut self, words: &str) -> anyhow::Result<Line> {
        self.hears_within(words, SOON).await
    }

    pub async fn hears_within(&mut self, words: &str, within: Duration) -> anyhow::Result<Line> {
        let told = wait::until(words, within, async || {
            let lines = self.lines();
            let news = lines.iter().enumerate().skip(self.heard);
            let mut found = news.filter(|(_, line)| line.message.contains(words));
            Ok(found.next().map(|(at, line)| (at, line.clone())))
        });
        let (at, line) = told.await.with_context(|| self.story_so_far())?;
        self.heard = at + 1;
        Ok(line)
    }

    /// What was said so far is past.
    pub fn hears_only_what_comes(&mut self) {
        self.heard = self.lines().len();
    }

    /// Until all of its services are announced, from where was heard last.
    pub async fn until_serving(&mut self) -> anyhow::Result<()> {
        let from = self.heard;
        for service in self.services {
            self.heard = from;
            self.hears(&format!("{service} was starting and is serving")).await?;
        }
        self.heard = self.lines().len();
        Ok(())
    }

    /// The box does not wait for an engine that takes its time to end containers.
    pub async fn until_nothing_runs(&self) -> anyhow::Result<()> {
        let ended = async || Ok(self.engine.containers().iter().all(|one| !one.runs).then_some(()));
        wait::until("all to end with the box", SOON, ended).await
    }

    /// Every line about services, oldest first.
    pub fn lines(&self) -> Vec<Line> {
        let Ok(log) = std::fs::read_to_string(self.house.home.data_dir().join("logs/app.log")) else {
            return Vec::new();
        };
        let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        // The last line may be half written.
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ours = lines.filter(|line| self.services.iter().any(|service| line["service.name"] == *service));
        ours.map(|line| Line { message: text(&line, "message"), detail: text(&line, "error") }).collect()
    }

    pub fn story_so_far(&self) -> String {
        let lines = self.lines();
        let told = lines.iter().map(|line| format!("\n  | {} ({})", line.message, line.detail));
        let calls: Vec<_> = self
            .engine
            .changes()
            .iter()
            .map(|call| format!("\n  > {} {} {:?}", call.method, call.path, call.subject))
            .collect();
        let told: String = told.collect();
        let containers = self.engine.containers();
        let said = containers.iter().map(|one| {
            let said = self.engine.said(&one.id).unwrap_or_else(|error| error.to_string());
            let lines: Vec<_> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(LAST)..].join("\n    : ");
            format!("\n  {one:?}\n    : {last}")
        });
        let said: String = said.collect();
        format!("the services' story:{told}\nthe engine's:{}\nits containers:{said}", calls.concat())
    }

    /// What the box wrote down for itself.
    pub fn records(&self, question: &str) -> anyhow::Result<String> {
        let file = self.house.home.data_dir().join("appliance.db");
        let asked =
            Command::new("sqlite3").args(["-cmd", ".timeout 5000"]).arg(file).arg(question).output()?;
        ensure!(asked.status.success(), "{question}: {}", String::from_utf8_lossy(&asked.stderr));
        Ok(String::from_utf8(asked.stdout)?.trim().to_owned())
    }

    /// What its things are called.
    pub fn name(&self) -> anyhow::Result<String> {
        Ok(format!("whisperengine-{}", self.records("SELECT id FROM box")?))
    }

    /// One of each thing, all of it running, nothing left open in the records.
    pub async fn is_tidy(&self) -> anyhow::Result<()> {
        let name = self.name()?;
        for service in self.services {
            let one = self.engine.only(service)?;
            ensure!(one.runs && one.name == format!("{name}-{service}"), "{one:?}");
        }
        let (all, mut networks) = (self.engine.containers(), self.engine.networks());
        ensure!(all.len() == self.services.len(), "{all:?}");
        networks.sort();
        let (mut grounds, mut volumes) = (vec![name.clone()], Vec::new());
        if self.services.contains(&ENGINE) {
            let way_out = name.replace("whisperengine-", "whisper-out-");
            ensure!(
                self.engine.networks_of(ENGINE)?.contains(&way_out),
                "the engine reaches nothing outside"
            );
            grounds.insert(0, way_out);
            volumes.push(format!("{name}-{POSTGRES}"));
        }
        ensure!(networks == grounds, "networks: {networks:?}");
        ensure!(self.engine.volumes() == volumes, "volumes: {:?}", self.engine.volumes());
        // The box settles what an earlier life left open beside everything else.
        for open in [
            "SELECT step || ' ' || subject FROM journal WHERE ended_at IS NULL",
            "SELECT stage || ' of ' || subject FROM jobs WHERE ended_at IS NULL",
        ] {
            let settled = wait::until("the records to be settled", SOON, async || {
                Ok(self.records(open)?.is_empty().then_some(()))
            });
            settled.await.with_context(|| format!("{open}: {:?}", self.records(open)))?;
        }
        Ok(())
    }
}
