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
    // What it speaks with came along.
    let speak = ["exec", "box", "/usr/bin/whisperengine", "speak", "hello", "--out", "/data/said.wav"];
    engine.run(&speak).await?;
    let shell = engine.run(&["exec", "box", "/bin/sh", "-c", "true"]).await;
    ensure!(shell.is_err(), "there is a shell in it");
    engine.run(&["stop", "--time", "60", "box"]).await?;
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
    let mut secrets = Vec::new();
    for drawn in ["postgres", "redis", "whisperengine-database", "whisperengine-redis"] {
        secrets.push(std::fs::read_to_string(folder.join(format!("secrets/{drawn}-password")))?);
    }
    for id in compose(&["ps", "--quiet"]).await?.lines() {
        let shown = yard.engine.run(&["inspect", id]).await?;
        ensure!(!secrets.iter().any(|secret| shown.contains(secret)), "a container shows a secret");
        let name = yard.engine.inspect(id, "{{.Name}}").await?;
        let ports = yard.engine.inspect(id, "{{json .HostConfig.PortBindings}}").await?;
        ensure!(name.contains("box") || !ports.contains("HostPort"), "{name} is published: {ports}");
    }

    // A database that goes is waited for, and what was said is there.
    compose(&["kill", "postgres"]).await?;
    compose(&["up", "--detach", "--no-build"]).await?;
    answers(first, "/ready").await?;
    talk.exchange("two").await?;

    let running = async || {
        let mut all = Vec::new();
        for service in ["box", "postgres", "redis"] {
            let id = compose(&["ps", "--quiet", service]).await?.trim().to_owned();
            all.push((service, yard.engine.inspect(&id, "{{.Id}} {{.State.StartedAt}}").await?));
        }
        anyhow::Ok(all)
    };
    let before = running().await?;
    let both = ["--file", "compose.yaml", "--file", "compose.multi.yaml"];
    compose(&[both.as_slice(), &["up", "--detach", "--no-build"]].concat()).await?;
    answers(second, "/ready").await?;
    ensure!(
        running().await? == before,
        "the first box was not left as it is: {:?} {before:?}",
        running().await?
    );
    let theirs = yard.client("whisperengine_second").await?;
    let _: SetupDone = theirs.post("/api/v1/setup", &owner).await?;
    Talk::open(theirs).await?.exchange("hello").await?;
    talk.exchange("three").await?;
    let mine: Vec<String> = talk.exchanged().await?.into_iter().step_by(2).map(|one| one.text).collect();
    ensure!(mine == ["one", "two", "three"], "what was said is {mine:?}");
    let servers = Servers {
        engine: &yard.engine,
        secrets: folder.join("secrets"),
        postgres: compose(&["ps", "--quiet", "postgres"]).await?.trim().to_owned(),
        redis: compose(&["ps", "--quiet", "redis"]).await?.trim().to_owned(),
    };
    servers.keep_boxes_apart().await?;

    // The one for a graphics card is read, too; no card is needed for that.
    compose(&["--file", "compose.yaml", "--file", "compose.gpu.yaml", "config", "--quiet"]).await?;
    compose(&[both.as_slice(), &["down", "--volumes"]].concat()).await.map(drop)
}

/// The two servers that boxes share, asked from inside.
struct Servers<'a> {
    engine: &'a ContainerEngine,
    secrets: PathBuf,
    postgres: String,
    redis: String,
}

impl Servers<'_> {
    /// What a box has opens its own and nothing of the other's.
    async fn keep_boxes_apart(&self) -> anyhow::Result<()> {
        let denied = self.on_redis("default", "redis", "acl log").await?;
        ensure!(denied.is_empty(), "a box needs more than it may: {denied}");
        for (own, other) in [("whisperengine", "second"), ("second", "whisperengine")] {
            let password = format!("{own}-database");
            let ask = async |user: &str, database: &str, question: &str| {
                self.on_postgres(user, &password, database, question).await
            };
            let rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
                FROM pg_roles WHERE rolname = current_user";
            let said = ask(own, own, rights).await?;
            ensure!(said == "f", "{own} may do more than it needs: {said}");
            let said = ask(own, own, "SELECT count(*) > 0 FROM schema_history").await?;
            ensure!(said == "t", "{own} does not keep what it knows in its own database: {said}");
            for database in [other, "postgres", "template1"] {
                let said = ask(own, database, "SELECT 1").await?;
                ensure!(
                    said.contains("permission denied for database"),
                    "{own} gets into {database}: {said}"
                );
            }
            for user in [other, "postgres"] {
                let said = ask(user, own, "SELECT 1").await?;
                ensure!(said.contains("password authentication failed"), "{own} passes for {user}: {said}");
            }

            let password = format!("{own}-redis");
            let ask = async |user: &str, question: &str| self.on_redis(user, &password, question).await;
            let clients = self.on_redis("default", "redis", "client list").await?;
            ensure!(clients.contains(&format!("user={own} ")), "{own} is not on Redis: {clients}");
            let said = ask(own, &format!("get {own}:cache:nothing")).await?;
            ensure!(said.is_empty(), "{own} does not get at its own keys: {said}");
            for question in [
                format!("get {other}:cache:nothing"),
                format!("psetex {other}:cache:nothing 1000 mine"),
                format!("del {other}:cache:nothing"),
                format!("publish {other}:news:nothing mine"),
                format!("subscribe {other}:news:nothing"),
                "psubscribe *".to_owned(),
                "client list".to_owned(),
                "config get maxmemory".to_owned(),
                "flushall".to_owned(),
            ] {
                let said = ask(own, &question).await?;
                ensure!(said.starts_with("NOPERM"), "{own} may {question}: {said}");
            }
            for user in [other, "default"] {
                let said = ask(user, "ping").await?;
                ensure!(said.contains("WRONGPASS"), "{own} passes for {user}: {said}");
            }
        }
        // What they keep bears their names, and nobody else's.
        let kept = self.on_redis("default", "redis", "--scan").await?;
        let foreign =
            kept.lines().find(|key| !["whisperengine:", "second:"].iter().any(|own| key.starts_with(own)));
        ensure!(foreign.is_none() && kept.contains("whisperengine:cache:"), "kept on Redis: {kept}");
        Ok(())
    }

    /// Over the network, as a box asks: from inside PostgreSQL trusts everybody.
    async fn on_postgres(
        &self,
        user: &str,
        password: &str,
        database: &str,
        question: &str,
    ) -> anyhow::Result<String> {
        let psql =
            format!("psql --host=postgres --username={user} --dbname={database} --tuples-only --no-align");
        self.said(&self.postgres, "PGPASSWORD", password, &format!("{psql} --command=\"{question}\"")).await
    }

    async fn on_redis(&self, user: &str, password: &str, question: &str) -> anyhow::Result<String> {
        // One that would listen for ever is let go.
        let ask = format!("timeout 5 redis-cli --user {user} --no-auth-warning {question}");
        self.said(&self.redis, "REDISCLI_AUTH", password, &ask).await
    }

    async fn said(
        &self,
        container: &str,
        variable: &str,
        password: &str,
        ask: &str,
    ) -> anyhow::Result<String> {
        let password = std::fs::read_to_string(self.secrets.join(format!("{password}-password")))?;
        let script = format!("export {variable}={password}; {ask} 2>&1 || true");
        Ok(self.engine.run(&["exec", container, "sh", "-c", &script]).await?.trim().to_owned())
    }
}
