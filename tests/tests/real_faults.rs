//! What a machine and its people do to containers on real engines: pruned, a name and a port taken, no room, no memory, a
//! service that only ever ends. Each is told by its name, survived, and mended.
//!
//! One box with its cache in a container of a moody image, on Docker and on Podman with root. What an engine cannot show is
//! not shown here:
//! - Podman with root takes no port of this machine, its containers are reached directly: `port_taken` is Docker's.
//! - Podman on the kernel's first control groups does not say that memory was what ended a container: there it `crashed`,
//!   with 137.
//! - `never_ready` takes two minutes of nothing each time, `hung` is in `services::faults` with a process that stands still;
//!   what ends at once stands for all that are set aside.
//! - Podman without root differs in none of it but limits of memory, which it has on the second control groups only.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use tests::engines::images::moody::{self, Mood};
use tests::engines::kind::Kind;
use tests::engines::registry::Registry;
use tests::house::House;
use tests::mount::Mount;
use tests::owner::{is_answered, is_told, is_told_everywhere, repair};
use tests::visitor::Visitor;
use tests::yard::{self, SOON, Yard, served, until_told};
use tests::{http, wait};

const REDIS: &str = "redis";
/// In mebibytes. Nothing here is about the engine's own disk.
const IMAGES: u64 = 512;

/// A box on a small disk, whose cache serves.
struct Scene {
    // Unmounted before its folder is removed.
    disk: Mount,
    yard: Yard,
    ada: Visitor,
    _registry: Registry,
}

impl Scene {
    async fn begin(kind: Kind, story: &str) -> anyhow::Result<Option<Self>> {
        let Some(start) = yard::pulling(kind, IMAGES, story).await? else { return Ok(None) };
        let home = yard::with_cache(&start.engine, &start.pushed.at(start.registry.address()))?;
        let disk = Mount::of_memory(&home.data_dir(), 64)?.map_err(anyhow::Error::msg)?;
        let (yard, ada) = Yard::with_owner(home, start.engine).await?;
        Ok(Some(Self { disk, yard, ada, _registry: start.registry }))
    }

    fn house(&self) -> &House {
        &self.yard.house
    }

    /// Does something, and waits until the cache serves anew and the box answers.
    async fn serves_again(
        &mut self,
        after: impl AsyncFnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let before = served(self.house(), REDIS)?;
        after(self).await?;
        self.yard.until_served(REDIS, before + 1).await?;
        is_answered(self.house()).await
    }

    async fn told(&self) -> anyhow::Result<Value> {
        until_told(self.house(), REDIS, "to be told", |_| true).await
    }

    /// What the container reads, as the box's side of it.
    fn secrets(&self) -> PathBuf {
        self.house().home.data_dir().join("run/secrets/redis")
    }

    /// All that nothing uses.
    async fn prune(&self) -> anyhow::Result<()> {
        let engine = &self.yard.engine;
        if engine.kind() == Kind::Docker {
            return engine.run(&["system", "prune", "--all", "--volumes", "--force"]).await.map(drop);
        }
        // What Docker's client asks for all at once is more than Podman 4.3 understands.
        for kind in ["container", "network", "volume"] {
            engine.run(&[kind, "prune", "--force"]).await?;
        }
        for image in engine.run(&["images", "--quiet"]).await?.lines() {
            // One that is used is not removed.
            engine.run(&["rmi", image]).await.ok();
        }
        Ok(())
    }

    async fn kill(&self) -> anyhow::Result<()> {
        self.yard.engine.run(&["kill", &self.yard.container(REDIS).await?]).await.map(drop)
    }
}

/// While the box runs there is nothing to prune; while it is away all goes, and is made again.
async fn pruned(scene: &mut Scene) -> anyhow::Result<()> {
    let before = scene.yard.starts(&[REDIS]).await?;
    scene.prune().await?;
    is_answered(scene.house()).await?;
    ensure!(scene.yard.starts(&[REDIS]).await? == before, "what runs was touched");
    ensure!(scene.told().await?["stage"] == "serving", "it does not serve");

    scene.yard.stop().await?;
    scene.prune().await?;
    let left = scene.yard.engine.run(&["images", "--quiet"]).await?;
    ensure!(left.is_empty() && scene.yard.containers(REDIS).await?.is_empty(), "not pruned: {left}");
    scene.serves_again(async |scene| scene.yard.house.up().await).await
}

/// Somebody else's container of the box's own name.
async fn a_name_is_taken(scene: &mut Scene) -> anyhow::Result<()> {
    scene.yard.stop().await?;
    let ours = scene.yard.container(REDIS).await?;
    let name = scene.yard.engine.inspect(&ours, "{{.Name}}").await?.trim_start_matches('/').to_owned();
    let image = scene.yard.engine.inspect(&ours, "{{.Image}}").await?;
    scene.yard.engine.run(&["rm", &ours]).await?;
    let theirs = ["create", "--name", &name, "--network", "none", &image, "sleep", "600"];
    let theirs = scene.yard.engine.run(&theirs).await?;
    let how = async |scene: &Scene| {
        scene
            .yard
            .engine
            .inspect(&theirs, "{{.Id}} {{.Created}} {{.State.Status}} {{.State.StartedAt}}")
            .await
    };
    let before = how(scene).await?;
    scene.yard.house.up().await?;
    scene.yard.until_stage(REDIS, "parked").await?;
    is_told_everywhere(&scene.yard.house, &mut scene.ada, "redis_name_taken", "try_again").await?;
    is_answered(scene.house()).await?;
    scene.yard.engine.run(&["rename", &theirs, "somebody-elses"]).await?;
    scene.serves_again(async |scene| repair(scene.house(), "redis_name_taken").await).await?;
    ensure!(how(scene).await? == before, "what is not ours was touched");
    scene.yard.engine.run(&["rm", &theirs]).await.map(drop)
}

/// Another program listens where the container was published.
async fn a_port_is_taken(scene: &mut Scene) -> anyhow::Result<()> {
    let address = |told: &Value| told["address"].as_str().and_then(|at| at.parse::<SocketAddr>().ok());
    let before = address(&scene.told().await?).context("it has an address")?;
    scene.yard.stop().await?;
    // Docker's own proxy lets go of it a moment later.
    let other = wait::until("the port to be free", SOON, async || Ok(TcpListener::bind(before).ok())).await?;
    scene.serves_again(async |scene| scene.yard.house.up().await).await?;
    let log = std::fs::read_to_string(scene.house().home.data_dir().join("logs/app.log"))?;
    ensure!(log.contains("redis lost its port to another program: resting"), "{log}");
    let after = address(&scene.told().await?).context("it has an address")?;
    ensure!(after != other.local_addr()?, "they share a port");
    Ok(())
}

/// The box can write nothing down, and so does nothing.
async fn the_disk_is_full(scene: &mut Scene) -> anyhow::Result<()> {
    let ballast = scene.disk.fill()?;
    // A log that finds no room is put back to its beginning, which makes some.
    http::get(scene.house().address(), "/nowhere").await?;
    let rest = scene.disk.fill()?;
    scene.kill().await?;
    is_told(scene.house(), "redis_disk_full").await?;
    let health = http::get(scene.house().address(), "/health").await?;
    ensure!(health.status() == 200, "the box answers nobody: {health:?}");
    let running = scene.yard.engine.run(&["ps", "--quiet"]).await?;
    ensure!(running.is_empty(), "something was started that could not be written down: {running}");
    std::fs::remove_file(ballast)?;
    std::fs::remove_file(rest)?;
    // By itself, unless it was tried too often meanwhile.
    repair(scene.house(), "redis_disk_full").await?;
    scene.yard.until_stage(REDIS, "serving").await.context("there is room again")?;
    is_answered(scene.house()).await
}

/// It ends again and again: set aside with its last words, until its owner says so.
async fn it_only_ever_ends(scene: &mut Scene) -> anyhow::Result<()> {
    moody::decide(&scene.secrets(), Mood::Desperate)?;
    scene.kill().await?;
    let told = scene.yard.until_stage(REDIS, "parked").await?;
    ensure!(
        told["trouble"]["fault"] == "crashed" && told["trouble"]["detail"] == "it ended with 3",
        "{told}"
    );
    let last = wait::until("its last words", SOON, async || {
        let told = scene.told().await?;
        let lines = told["last_lines"].as_array().context("lines")?.clone();
        Ok((lines.last() == Some(&"complaint 60".into())).then_some(lines))
    })
    .await?;
    ensure!(last.len() == 50 && last[0] == "complaint 11", "{last:?}");
    is_told_everywhere(&scene.yard.house, &mut scene.ada, "redis_crashed", "try_again").await?;
    scene.ada.open("/system/now").await?.says("complaint 60")?;
    is_answered(scene.house()).await?;
    let starts = scene.yard.starts(&[REDIS]).await?;
    moody::decide(&scene.secrets(), Mood::Well)?;
    ensure!(scene.yard.starts(&[REDIS]).await? == starts, "it is not left alone");
    scene.serves_again(async |scene| repair(scene.house(), "redis_crashed").await).await
}

/// It takes more than it may, and the box does without it where it is told so.
async fn it_takes_all_memory(kind: Kind, scene: &mut Scene) -> anyhow::Result<()> {
    moody::decide(&scene.secrets(), Mood::Greedy)?;
    scene.kill().await?;
    let told = scene.yard.until_stage(REDIS, "parked").await?;
    is_answered(scene.house()).await?;
    if kind == Kind::Podman && !Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        ensure!(
            told["trouble"]["fault"] == "crashed" && told["trouble"]["detail"] == "it ended with 137",
            "{told}"
        );
        return Ok(());
    }
    is_told_everywhere(&scene.yard.house, &mut scene.ada, "redis_out_of_memory", "go_without").await?;
    repair(scene.house(), "redis_out_of_memory").await?;
    wait::until("its container to go", SOON, async || {
        Ok(scene.yard.containers(REDIS).await?.is_empty().then_some(()))
    })
    .await?;
    is_answered(scene.house()).await
}

async fn everything_happens_and_is_mended(kind: Kind) -> anyhow::Result<()> {
    let story = "real_faults::everything_happens_and_is_mended";
    let Some(mut scene) = Scene::begin(kind, story).await? else { return Ok(()) };
    pruned(&mut scene).await.context("pruned")?;
    a_name_is_taken(&mut scene).await.context("a name is taken")?;
    if kind == Kind::Docker {
        a_port_is_taken(&mut scene).await.context("a port is taken")?;
    }
    the_disk_is_full(&mut scene).await.context("the disk is full")?;
    it_only_ever_ends(&mut scene).await.context("it only ever ends")?;
    it_takes_all_memory(kind, &mut scene).await.context("it takes all memory")?;
    scene.yard.stop().await
}

#[tokio::test]
async fn on_docker_everything_happens_and_is_mended() -> anyhow::Result<()> {
    everything_happens_and_is_mended(Kind::Docker).await
}

#[tokio::test]
async fn on_podman_everything_happens_and_is_mended() -> anyhow::Result<()> {
    everything_happens_and_is_mended(Kind::Podman).await
}
