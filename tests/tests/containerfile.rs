//! The Containerfile and the compose files, as a clean clone has them, on a real engine. No registry is reached and nothing
//! is compiled: the builder is a local image whose `cargo` has the program ready. Everything else is run as it stands.

use anyhow::{Context, ensure};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket;
use engine_client::wire::setup::{SetupDone, SetupRequest};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tests::engines::container_engine::ContainerEngine;
use tests::engines::images::{builder, postgres, redis};
use tests::engines::kind::Kind;
use tests::free_port::free_port;
use tests::house::PASSWORD;
use tests::talk::Talk;
use tests::{http, skip, wait};
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(90);
const IMAGE: &str = "whisperengine";

/// An engine with the image that the Containerfile makes.
struct Yard {
    engine: ContainerEngine,
    clone: tempfile::TempDir,
}

impl Yard {
    async fn new(kind: Kind, story: &str) -> anyhow::Result<Option<Self>> {
        if let Some(reason) = kind.missing() {
            skip::report(&format!("containerfile::{story} on {}", kind.name()), &reason)?;
            return Ok(None);
        }
        let engine = ContainerEngine::start(kind).await?;
        let program = tests::binary::whisperengine()?;
        engine.load(&builder::archive(&program)?).await?;
        let clone = clone().await?;
        std::fs::copy(program, clone.path().join(builder::PREBUILT))?;
        let argument = format!("BUILDER={}", builder::NAME);
        let folder = clone.path().to_str().context("a plain path")?;
        // The program is there already: no step needs a network.
        engine.run(&["build", "--network", "none", "--build-arg", &argument, "--tag", IMAGE, folder]).await?;
        Ok(Some(Self { engine, clone }))
    }

    /// In the folder of the compose files.
    async fn compose(&self, settings: &[(&str, String)], words: &[&str]) -> anyhow::Result<String> {
        let mut compose = Command::new("docker-compose");
        compose.args(words).current_dir(self.clone.path().join("compose")).env_clear().kill_on_drop(true);
        compose.env("PATH", std::env::var_os("PATH").context("there is no PATH")?);
        compose.env("DOCKER_HOST", self.engine.host()).env("HOME", self.engine.folder());
        compose.envs(settings.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        let done = tokio::time::timeout(SOON * 2, compose.output());
        let done = done.await.with_context(|| format!("docker-compose {words:?} did not end"))??;
        let complained = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(done.status.success(), "docker-compose {words:?}: {complained}");
        Ok(String::from_utf8(done.stdout)?)
    }

    async fn client(&self, volume: &str) -> anyhow::Result<EngineClient> {
        let data = self.engine.run(&["volume", "inspect", "--format", "{{.Mountpoint}}", volume]).await?;
        Ok(EngineClient::new(
            socket::unix(Path::new(&data).join("run/control.sock")),
            None,
            Principal::Operator,
        ))
    }
}

/// What git has, and what it would have were everything added.
async fn clone() -> anyhow::Result<tempfile::TempDir> {
    let whole = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().context("a workspace")?.to_owned();
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&whole);
    let listed = list.output().await.context("git could not be started")?;
    ensure!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let clone = tempfile::tempdir()?;
    for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let (from, to) = (whole.join(name), clone.path().join(name));
        std::fs::create_dir_all(to.parent().context("a folder")?)?;
        // What was removed and not committed yet is listed and not there.
        match std::fs::symlink_metadata(&from) {
            Ok(found) if found.is_symlink() => std::os::unix::fs::symlink(std::fs::read_link(from)?, to)?,
            Ok(_) => drop(std::fs::copy(from, to)?),
            Err(_) => {}
        }
    }
    // Neither of them is any image's business.
    for kept in [".git/config", "target/CACHEDIR.TAG", "compose/secrets/old"] {
        let path = clone.path().join(kept);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        std::fs::write(path, "")?;
    }
    Ok(clone)
}

async fn answers(address: SocketAddr, path: &str) -> anyhow::Result<()> {
    wait::until(path, SOON, async || {
        let answered = http::get(address, path).await;
        Ok(answered.is_ok_and(|answer| answer.status() == 200).then_some(()))
    })
    .await
}

async fn a_clean_clone_makes_an_image_that_is_a_whole_box(kind: Kind) -> anyhow::Result<()> {
    let story = "a_clean_clone_makes_an_image_that_is_a_whole_box";
    let Some(yard) = Yard::new(kind, story).await? else { return Ok(()) };
    let engine = &yard.engine;
    for (what, wanted) in [
        ("{{.Config.User}}", "10001:10001"),
        ("{{json .Config.Entrypoint}}", r#"["/usr/bin/whisperengine"]"#),
        ("{{json .Config.Cmd}}", r#"["up"]"#),
        ("{{json .Config.Volumes}}", r#"{"/data":{}}"#),
        (r#"{{index .Config.Labels "org.opencontainers.image.title"}}"#, "WhisperEngine"),
    ] {
        let said = engine.run(&["image", "inspect", "--format", what, IMAGE]).await?;
        ensure!(said == wanted, "{what} is {said}");
    }
    // Podman tells nothing of an image's health check.
    if kind == Kind::Docker {
        let asked = ["image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", IMAGE];
        let said = engine.run(&asked).await?;
        ensure!(said == r#"["CMD","/usr/bin/whisperengine","status"]"#, "its health check is {said}");
    }
    engine.run(&["network", "create", "open"]).await?;
    let address = free_port()?;
    let port = format!("{address}:8080");
    let words = ["run", "--detach", "--name", "box", "--network", "open", "--publish", &port];
    let rest =
        ["--read-only", "--cap-drop", "ALL", "--volume", "data:/data", "--health-interval", "1s", IMAGE];
    engine.run(&[words.as_slice(), &rest].concat()).await?;
    answers(address, "/ready").await?;
    if kind == Kind::Docker {
        wait::until("the health check to be content", SOON, async || {
            let health = engine.inspect("box", "{{.State.Health.Status}}").await?;
            Ok((health == "healthy").then_some(()))
        })
        .await?;
    }
    engine.run(&["exec", "box", "/usr/bin/whisperengine", "status"]).await?;
    let shell = engine.run(&["exec", "box", "/bin/sh", "-c", "true"]).await;
    ensure!(shell.is_err(), "there is a shell in it");
    engine.run(&["stop", "--time", "10", "box"]).await?;
    ensure!(engine.inspect("box", "{{.State.ExitCode}}").await? == "0", "it did not end well");
    Ok(())
}

#[tokio::test]
async fn with_docker_a_clean_clone_makes_an_image_that_is_a_whole_box() -> anyhow::Result<()> {
    a_clean_clone_makes_an_image_that_is_a_whole_box(Kind::Docker).await
}

#[tokio::test]
async fn with_podman_a_clean_clone_makes_an_image_that_is_a_whole_box() -> anyhow::Result<()> {
    a_clean_clone_makes_an_image_that_is_a_whole_box(Kind::Podman).await
}

#[tokio::test]
async fn compose_brings_up_a_box_with_its_databases_and_a_second_one_beside_it() -> anyhow::Result<()> {
    let story = "compose_brings_up_a_box_with_its_databases_and_a_second_one_beside_it";
    let Some(yard) = Yard::new(Kind::Docker, story).await? else { return Ok(()) };
    if Command::new("docker-compose").arg("version").output().await.is_err() {
        return Ok(skip::report(&format!("containerfile::{story}"), "there is no docker-compose")?);
    }
    yard.engine.load(&redis::archive()?).await?;
    yard.engine.load(&postgres::archive()?).await?;
    let folder = yard.clone.path().join("compose");
    for _ in 0..2 {
        let prepared = Command::new("./prepare").current_dir(&folder).output().await?;
        ensure!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
    }
    let (first, second) = (free_port()?, free_port()?);
    let settings = [
        ("WHISPERENGINE_PORT", first.to_string()),
        ("WHISPERENGINE_SECOND_PORT", second.to_string()),
        ("WHISPERENGINE_IMAGE_POSTGRES", postgres::NAME.to_owned()),
        ("WHISPERENGINE_IMAGE_REDIS", redis::NAME.to_owned()),
    ];
    let compose = async |words: &[&str]| yard.compose(&settings, words).await;
    compose(&["up", "--detach", "--no-build"]).await?;
    answers(first, "/ready").await?;
    let client = yard.client("whisperengine_box").await?;
    let owner =
        SetupRequest { owner: "Ada".into(), password: PASSWORD.into(), connection: None, guided: false };
    let _: SetupDone = client.post("/api/v1/setup", &owner).await?;
    let talk = Talk::open(client.clone()).await?;
    talk.exchange("one").await?;
    let redis = compose(&["ps", "--quiet", "redis"]).await?;
    let ask = "REDISCLI_AUTH=$(cat /run/secrets/redis-password) redis-cli client list";
    wait::until("the box to use Redis", SOON, async || {
        let clients = yard.engine.run(&["exec", redis.trim(), "sh", "-c", ask]).await?;
        // One is who asks.
        Ok((clients.lines().count() > 1).then_some(()))
    })
    .await?;

    // Nothing but the box is reached from outside, and no secret is told in an inspection.
    let secret = std::fs::read_to_string(folder.join("secrets/postgres-password"))?;
    for id in compose(&["ps", "--quiet"]).await?.lines() {
        let shown = yard.engine.run(&["inspect", id]).await?;
        ensure!(!shown.contains(&secret), "a container shows a secret");
        let name = yard.engine.inspect(id, "{{.Name}}").await?;
        let ports = yard.engine.inspect(id, "{{json .HostConfig.PortBindings}}").await?;
        ensure!(name.contains("box") || !ports.contains("HostPort"), "{name} is published: {ports}");
    }

    // A database that goes is waited for, and what was said is there.
    compose(&["kill", "postgres"]).await?;
    compose(&["up", "--detach", "--no-build"]).await?;
    answers(first, "/ready").await?;
    talk.exchange("two").await?;

    let both = ["--file", "compose.yaml", "--file", "compose.multi.yaml"];
    compose(&[both.as_slice(), &["up", "--detach", "--no-build"]].concat()).await?;
    answers(second, "/ready").await?;
    let theirs = yard.client("whisperengine_second").await?;
    let _: SetupDone = theirs.post("/api/v1/setup", &owner).await?;
    Talk::open(theirs).await?.exchange("hello").await?;
    let mine: Vec<String> = talk.exchanged().await?.into_iter().step_by(2).map(|one| one.text).collect();
    ensure!(mine == ["one", "two"], "what was said is {mine:?}");

    // The one for a graphics card is read, too; no card is needed for that.
    compose(&["--file", "compose.yaml", "--file", "compose.gpu.yaml", "config", "--quiet"]).await?;
    compose(&[both.as_slice(), &["down", "--volumes"]].concat()).await.map(drop)
}
