//! An image on its way from a registry to a real engine, and all that may come between: what the box says of it, that it
//! goes on talking, and that nothing is run which is not what was asked for.
//!
//! One box, one registry behind a wire that spoils, on Docker and on Podman with root; what comes over the wire is no
//! matter of who runs the engine. That a pull which says nothing for two minutes is given up is known with a paused clock
//! in `supervisor/src/daemon/images.rs`: here one stands still and is hung up on.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::net::SocketAddr;
use tests::engines::kind::Kind;
use tests::engines::registry::{Pushed, Registry};
use tests::engines::wire::{Fate, Wire};
use tests::house::House;
use tests::owner::{is_answered, is_told, is_told_everywhere, repair, signed_in};
use tests::visitor::{Page, Visitor};
use tests::wait;
use tests::yard::{self, SOON, Yard};

const REDIS: &str = "redis";
/// What the engine's disk holds, in mebibytes.
const IMAGES: u64 = 512;
const IMAGE: &str = "WHISPERENGINE_IMAGE_REDIS";
/// In a second. The image's one layer takes some of them.
const SLOW: u64 = 200_000;
/// Inside of the layer: everything before it is shorter.
const MIDDLE: u64 = 400_000;
/// Each one is another place in a bar of a thousand.
const STEPS: usize = 5;

/// A box whose cache is pulled through a wire.
struct Scene {
    yard: Yard,
    ada: Visitor,
    wire: Wire,
    pushed: Pushed,
    served: usize,
    _registry: Registry,
}

impl Scene {
    /// Its cache serves.
    async fn begin(kind: Kind, story: &str) -> anyhow::Result<Option<Self>> {
        let Some(start) = yard::pulling(kind, IMAGES, story).await? else { return Ok(None) };
        let wire = Wire::to(start.registry.address()).await?;
        let home = yard::with_cache(&start.engine, &start.pushed.at(wire.address()))?;
        let (yard, ada) = Yard::with_owner(home, start.engine).await?;
        Ok(Some(Self { yard, ada, wire, pushed: start.pushed, served: 1, _registry: start.registry }))
    }

    fn house(&self) -> &House {
        &self.yard.house
    }

    fn registry(&self) -> SocketAddr {
        self.wire.address()
    }

    /// Once more.
    async fn until_served(&mut self) -> anyhow::Result<()> {
        self.served += 1;
        self.yard.until_served(REDIS, self.served).await
    }

    /// While the box is away somebody removes its image, and from now on the wire is like this, or cut.
    async fn lose_the_image(&mut self, fate: impl Into<Option<Fate>>) -> anyhow::Result<()> {
        self.yard.stop().await?;
        self.yard.engine.run(&["rm", &self.yard.container(REDIS).await?]).await?;
        let images = self.yard.engine.run(&["images", "--quiet", "--no-trunc"]).await?;
        for image in images.lines() {
            self.yard.engine.run(&["rmi", "--force", image]).await?;
        }
        match fate.into() {
            Some(fate) => self.wire.decide(fate),
            None => self.wire.cut().await,
        }
        self.yard.house.up().await
    }

    async fn nothing_was_run(&self) -> anyhow::Result<()> {
        let there = self.yard.containers(REDIS).await?;
        ensure!(there.is_empty(), "it was made into a container: {there:?}");
        is_answered(self.house()).await
    }

    /// Told everywhere, nothing was run, and the box answers.
    async fn rests_with(&mut self, fault: &str, offer: &str) -> anyhow::Result<()> {
        let id = format!("{REDIS}_{fault}");
        self.yard.until_stage(REDIS, "parked").await.context(id.clone())?;
        is_told_everywhere(&self.yard.house, &mut self.ada, &id, offer).await?;
        self.nothing_was_run().await
    }

    async fn repair(&self, fault: &str) -> anyhow::Result<()> {
        repair(self.house(), &format!("{REDIS}_{fault}")).await
    }
}

/// A job as the page shows it: its id, and how far it is of a thousand.
fn under_way(page: &Page) -> Option<(String, u64)> {
    let (_, job) = page.html.split_once("<li id=\"j-")?;
    let (id, job) = job.split_once('"')?;
    let (_, bar) = job.split("</li>").next()?.split_once("<progress max=\"1000\" value=\"")?;
    Some((id.to_owned(), bar.split('"').next()?.parse().ok()?))
}

/// Looked at in turn from two places, it only ever goes on. Returns its id, once it has come some steps.
async fn comes_further(ada: &mut Visitor, beside: &mut Visitor) -> anyhow::Result<String> {
    let mut seen: Vec<(String, u64)> = Vec::new();
    wait::until("a pull to come further", SOON, async || {
        for tab in [&mut *ada, &mut *beside] {
            seen.extend(under_way(tab.open("/system/now").await?));
        }
        let mut steps: Vec<u64> = seen.iter().map(|(_, at)| *at).collect();
        ensure!(steps.is_sorted(), "it went back: {seen:?}");
        steps.dedup();
        Ok((steps.len() >= STEPS).then_some(()))
    })
    .await
    .with_context(|| format!("seen: {seen:?}"))?;
    ensure!(seen.iter().all(|(id, _)| *id == seen[0].0), "two jobs: {seen:?}");
    Ok(seen.swap_remove(0).0)
}

async fn a_pull_is_told_spoilt_and_mended(kind: Kind) -> anyhow::Result<()> {
    let story = "real_pulls::a_pull_is_told_spoilt_and_mended";
    let Some(mut scene) = Scene::begin(kind, story).await? else { return Ok(()) };

    // The registry is away, and comes back before the box has lost patience: nobody has to do anything.
    scene.lose_the_image(None).await?;
    is_told(scene.house(), "redis_registry_down").await?;
    scene.wire.mend().await?;
    scene.until_served().await.context("the registry came back")?;
    is_answered(scene.house()).await?;

    // A byte is another on its way; then the registry knows nobody; then all is well, and each is mended on the owner's word.
    scene.lose_the_image(Fate::FlippedAt(MIDDLE)).await?;
    scene.rests_with("wrong_digest", "trust_image").await?;
    scene.wire.decide(Fate::Answered(401));
    scene.repair("wrong_digest").await?;
    is_told(scene.house(), "redis_registry_closed").await?;
    scene.rests_with("registry_closed", "try_again").await?;
    scene.wire.decide(Fate::Passed);
    scene.repair("registry_closed").await?;
    scene.until_served().await.context("the wire is whole again")?;

    // A slow one is followed from two tabs, called off in one and told in the other.
    scene.lose_the_image(Fate::Slow(SLOW)).await?;
    let mut beside = signed_in(scene.house()).await?;
    let job = comes_further(&mut scene.ada, &mut beside).await?;
    is_answered(scene.house()).await?;
    scene.ada.open("/system").await?;
    scene.ada.submit(&format!("/system/jobs/{job}/cancel"), &[]).await?;
    scene.rests_with("cancelled", "try_again").await?;
    beside.open("/system/now").await?.says("/system/issues/redis_cancelled/repair")?;
    ensure!(under_way(&beside.page).is_none(), "it goes on in another tab: {}", beside.page.html);
    scene.wire.decide(Fate::Passed);
    scene.repair("cancelled").await?;
    scene.until_served().await.context("it was called off and tried again")?;

    // One stands still, and nothing else does; then the line breaks, and the box mends it by itself.
    scene.lose_the_image(Fate::StalledAfter(MIDDLE)).await?;
    wait::until("a pull to be under way", SOON, async || {
        let page = scene.ada.open("/system/now").await?;
        Ok(page.html.contains("<li id=\"j-").then_some(()))
    })
    .await?;
    scene.nothing_was_run().await?;
    scene.wire.cut().await;
    scene.wire.decide(Fate::Passed);
    scene.wire.mend().await?;
    scene.until_served().await.context("a pull that stood still was hung up on")?;

    // The registry has nothing with the digest that was agreed on; the right one is pulled by its digest alone.
    let wrong = Pushed { digest: format!("sha256:{}", "0".repeat(64)), ..scene.pushed.clone() };
    let (wrong, right) = (wrong.pinned_at(scene.registry()), scene.pushed.pinned_at(scene.registry()));
    scene.yard.house.home.set(IMAGE, wrong);
    let before = scene.yard.container(REDIS).await?;
    scene.yard.stop().await?;
    scene.yard.house.up().await?;
    scene.yard.until_stage(REDIS, "parked").await?;
    is_told_everywhere(&scene.yard.house, &mut scene.ada, "redis_image_unknown", "try_again").await?;
    is_answered(scene.house()).await?;
    ensure!(scene.yard.container(REDIS).await? == before, "another one was made");
    ensure!(!runs(&scene.yard, &before).await?, "one that was not agreed on runs");
    scene.yard.house.home.set(IMAGE, right);
    scene.lose_the_image(Fate::Passed).await?;
    scene.until_served().await.context("the right digest")?;

    // The engine's disk is full, and then has room.
    scene.yard.stop().await?;
    scene.yard.house.home.set(IMAGE, scene.pushed.at(scene.registry()));
    scene.yard.house.up().await?;
    scene.until_served().await?;
    scene.lose_the_image(Fate::Slow(SLOW)).await?;
    scene.yard.engine.disk()?.leave(1024)?;
    is_told(scene.house(), "redis_disk_full").await?;
    scene.nothing_was_run().await?;
    scene.wire.decide(Fate::Passed);
    scene.yard.engine.disk()?.leave(512 * 1024)?;
    scene.until_served().await.context("there is room again")?;
    scene.yard.stop().await
}

async fn runs(yard: &Yard, container: &str) -> anyhow::Result<bool> {
    let told: Value = serde_json::from_str(&yard.engine.run(&["inspect", container]).await?)?;
    Ok(told[0]["State"]["Running"] == true)
}

#[tokio::test]
async fn on_docker_a_pull_is_told_spoilt_and_mended() -> anyhow::Result<()> {
    a_pull_is_told_spoilt_and_mended(Kind::Docker).await
}

#[tokio::test]
async fn on_podman_a_pull_is_told_spoilt_and_mended() -> anyhow::Result<()> {
    a_pull_is_told_spoilt_and_mended(Kind::Podman).await
}
