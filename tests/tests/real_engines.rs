//! The harness of real container engines, proven: what later stories take from it for granted.

use anyhow::Context;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::engines::address_pool::AddressPool;
use tests::engines::container_engine::ContainerEngine;
use tests::engines::images::{misbehaving, postgres, redis};
use tests::engines::kind::Kind;
use tests::engines::leavings;
use tests::engines::outside::Outside;
use tests::engines::registry::Registry;
use tests::engines::wire::{Fate, Wire};
use tests::{skip, wait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(40);
const NOBODY: &str = "nobody answers";

/// An engine, or `None` where the machine has none: that is told.
async fn engine(kind: Kind, story: &str) -> anyhow::Result<Option<ContainerEngine>> {
    if let Some(reason) = kind.missing() {
        skip::report(&format!("real_engines::{story} on {}", kind.name()), &reason)?;
        return Ok(None);
    }
    ContainerEngine::start(kind).await.map(Some)
}

/// The words of `docker network create` that let nothing out, each engine's own.
fn closed(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Docker => &["--opt", "com.docker.network.bridge.enable_ip_masquerade=false"],
        Kind::Podman | Kind::RootlessPodman => &["--internal"],
    }
}

/// Where the container's port is reached from this machine. Podman as root publishes nothing on a
/// network that lets nothing out, and its containers are reached directly.
async fn reached_at(engine: &ContainerEngine, container: &str, port: u16) -> anyhow::Result<String> {
    if engine.kind() == Kind::Podman {
        let ip =
            engine.inspect(container, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}").await?;
        return Ok(format!("{ip}:{port}"));
    }
    let published = engine.run(&["port", container, &port.to_string()]).await?;
    anyhow::ensure!(published.starts_with("127.0.0.1:"), "published at {published}");
    Ok(published)
}

/// What a Redis at this address says to PING.
async fn pong(address: &str) -> anyhow::Result<()> {
    wait::until("PONG", SOON, async || {
        let Ok(mut stream) = TcpStream::connect(address).await else { return Ok(None) };
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        // A port may be open before anybody is behind it.
        let heard = tokio::time::timeout(Duration::from_secs(2), stream.read_exact(&mut answer)).await;
        Ok((matches!(heard, Ok(Ok(_))) && &answer == b"+PONG\r\n").then_some(()))
    })
    .await
}

/// A Redis and a neighbour on the same network, both from the same image.
async fn start_pair(engine: &ContainerEngine, network: &str) -> anyhow::Result<()> {
    let published = ["run", "--detach", "--name", "store", "--network", network, "--network-alias", "redis"];
    let command = ["--publish", "127.0.0.1::6379", redis::NAME, "redis-server", "--protected-mode", "no"];
    engine.run(&[published.as_slice(), command.as_slice()].concat()).await?;
    let beside = ["run", "--detach", "--name", "neighbour", "--network", network, "--stop-timeout", "1"];
    engine.run(&[beside.as_slice(), &[redis::NAME, "sleep", "600"]].concat()).await?;
    Ok(())
}

async fn remove_pair(engine: &ContainerEngine) -> anyhow::Result<()> {
    engine.run(&["kill", "store", "neighbour"]).await?;
    engine.run(&["rm", "--force", "store", "neighbour"]).await.map(drop)
}

/// What the neighbour hears from `host` within three seconds.
async fn neighbour_asks(engine: &ContainerEngine, host: &str) -> anyhow::Result<String> {
    let ask = format!("timeout 3 redis-cli -h {host} ping 2>/dev/null || echo {NOBODY}");
    engine.run(&["exec", "neighbour", "sh", "-c", &ask]).await
}

/// Names may take a moment to be known.
async fn neighbour_hears(engine: &ContainerEngine, host: &str) -> anyhow::Result<()> {
    let heard = async || Ok((neighbour_asks(engine, host).await? == "PONG").then_some(()));
    wait::until(&format!("{host} to answer its neighbour"), SOON, heard).await
}

async fn a_closed_network_answers_inwards_only(kind: Kind) -> anyhow::Result<()> {
    let Some(engine) = engine(kind, "a_closed_network_answers_inwards_only").await? else { return Ok(()) };
    let outside = Outside::start().await?;
    engine.load(&redis::archive()?).await?;

    // That the neighbour can get out at all shows that the closed network is what stops it.
    engine.run(&["network", "create", "open"]).await?;
    start_pair(&engine, "open").await?;
    let published = engine.run(&["port", "store", "6379"]).await?;
    pong(&published).await?;
    neighbour_hears(&engine, &outside.ip()).await?;
    remove_pair(&engine).await?;

    engine.run(&[["network", "create"].as_slice(), closed(kind), &["closed"]].concat()).await?;
    start_pair(&engine, "closed").await?;
    pong(&reached_at(&engine, "store", 6379).await?).await?;
    neighbour_hears(&engine, "redis").await?;
    neighbour_hears(&engine, "store").await?;
    assert_eq!(neighbour_asks(&engine, &outside.ip()).await?, NOBODY);
    Ok(())
}

async fn a_daemon_knows_its_containers_after_a_crash_and_a_pause(kind: Kind) -> anyhow::Result<()> {
    let story = "a_daemon_knows_its_containers_after_a_crash_and_a_pause";
    let Some(mut engine) = engine(kind, story).await? else { return Ok(()) };
    engine.load(&redis::archive()?).await?;
    engine.run(&["network", "create", "net"]).await?;
    start_pair(&engine, "net").await?;
    let ids = engine.run(&["ps", "--all", "--quiet", "--no-trunc"]).await?;
    assert_eq!(ids.lines().count(), 2);

    engine.hang().await?;
    assert!(!engine.answers().await);
    engine.go_on()?;
    wait::until("the engine to go on", SOON, async || Ok(engine.answers().await.then_some(()))).await?;

    engine.kill().await?;
    assert!(!engine.answers().await);
    engine.start_again().await?;
    assert_eq!(engine.run(&["ps", "--all", "--quiet", "--no-trunc"]).await?, ids);
    engine.stop().await?;
    engine.start_again().await?;
    assert_eq!(engine.run(&["ps", "--all", "--quiet", "--no-trunc"]).await?, ids);
    Ok(())
}

/// Also of one that hangs, that is dead, that can never be started again, or whose story panics.
async fn nothing_stays_behind(kind: Kind) -> anyhow::Result<()> {
    for ending in ["well", "hanging", "dead", "broken", "panicking"] {
        let Some(mut engine) = engine(kind, "nothing_stays_behind").await? else { return Ok(()) };
        let (folder, pool) = (engine.folder().to_owned(), engine.pool());
        engine.load(&redis::archive()?).await?;
        engine.run(&["network", "create", "net"]).await?;
        start_pair(&engine, "net").await?;
        assert!(!leavings::processes(&folder)?.is_empty(), "a daemon runs in {}", folder.display());
        let groups = leavings::control_groups(&folder)?;
        let rules = leavings::rules(pool, &leavings::interfaces(pool)?)?;
        assert!(!rules.is_empty() || kind == Kind::RootlessPodman, "a port is published");
        match ending {
            "hanging" => engine.hang().await?,
            "dead" => engine.kill().await?,
            "broken" => {
                engine.kill().await?;
                std::fs::remove_file(engine.socket())?;
                std::fs::create_dir_all(engine.socket().join("in the way"))?;
            }
            _ => {}
        }
        if ending == "panicking" {
            let story = std::thread::spawn(move || {
                let _held = &engine;
                std::panic::resume_unwind(Box::new("the story"));
            });
            story.join().expect_err("it panics");
        } else {
            drop(engine);
        }
        gone(&folder, pool).await.context(ending)?;
        let left: Vec<_> = groups.iter().filter(|group| group.exists()).collect();
        assert!(left.is_empty(), "{ending}: {left:?}");
        let firewall = leavings::firewall()?;
        let left: Vec<_> = rules.iter().filter(|rule| firewall.contains(rule)).collect();
        assert!(left.is_empty(), "{ending}: {left:?}");
    }
    Ok(())
}

async fn gone(folder: &Path, pool: AddressPool) -> anyhow::Result<()> {
    // Killed processes are buried by whoever adopted them.
    wait::until("the last process to be gone", SOON, async || {
        Ok(leavings::processes(folder)?.is_empty().then_some(()))
    })
    .await?;
    assert_eq!(leavings::mounts(folder)?, Vec::<PathBuf>::new());
    assert!(!folder.exists(), "{} is still there", folder.display());
    let interfaces = leavings::interfaces(pool)?;
    assert!(interfaces.is_empty(), "{interfaces:?}");
    let rules = leavings::rules(pool, &interfaces)?;
    assert!(rules.is_empty(), "{rules:?}");
    Ok(())
}

async fn a_registry_serves_pulls_and_its_wire_spoils_them(kind: Kind) -> anyhow::Result<()> {
    let story = "a_registry_serves_pulls_and_its_wire_spoils_them";
    let Some(engine) = engine(kind, story).await? else { return Ok(()) };
    if let Some(reason) = Registry::missing() {
        return Ok(skip::report(&format!("real_engines::{story}"), &reason)?);
    }
    let registry = Registry::start().await?;
    engine.load(&misbehaving::archive()?).await?;
    let pushed = registry.push(&engine, misbehaving::NAME).await?;
    assert!(pushed.digest.starts_with("sha256:"), "{pushed:?}");
    engine.run(&["rmi", misbehaving::NAME]).await?;

    let mut wire = Wire::to(registry.address()).await?;
    let (by_tag, by_digest) = (pushed.at(wire.address()), pushed.pinned_at(wire.address()));
    for fate in [Fate::Answered(500), Fate::Answered(401), Fate::CutAfter(20_000)] {
        wire.decide(fate);
        let spoilt = engine.run(&["pull", &by_digest]).await;
        assert!(spoilt.is_err(), "{fate:?}: {spoilt:?}");
    }
    wire.decide(Fate::StalledAfter(20_000));
    let stalled = tokio::time::timeout(Duration::from_secs(3), engine.run(&["pull", &by_digest])).await;
    assert!(stalled.is_err(), "a stalled pull ended: {stalled:?}");
    wire.cut().await;
    assert!(engine.run(&["pull", &by_digest]).await.is_err());

    wire.decide(Fate::Passed);
    wire.mend().await?;
    engine.run(&["pull", &by_digest]).await?;
    engine.run(&["pull", &by_tag]).await?;
    assert_eq!(
        engine.run(&["run", "--rm", "--network", "none", &by_tag, "sh", "-c", "echo here"]).await?,
        "here"
    );
    registry.delete(&pushed).await?;
    let image = engine.inspect(&by_tag, "{{.Id}}").await?;
    engine.run(&["rmi", "--force", &image]).await?;
    // By its digest Docker would still find the manifest in a store of its own.
    let pulled = engine.run(&["pull", &by_tag]).await;
    assert!(pulled.is_err(), "{pulled:?}");
    Ok(())
}

async fn the_images_behave_as_they_should(kind: Kind) -> anyhow::Result<()> {
    let Some(engine) = engine(kind, "the_images_behave_as_they_should").await? else { return Ok(()) };
    for archive in [redis::archive()?, postgres::archive()?, misbehaving::archive()?] {
        engine.load(&archive).await?;
    }
    redis_takes_a_settings_file(&engine).await?;
    postgres_keeps_what_it_was_given(&engine).await?;
    the_misbehaving_misbehave(&engine).await
}

async fn redis_takes_a_settings_file(engine: &ContainerEngine) -> anyhow::Result<()> {
    let settings = engine.folder().join("redis.conf");
    std::fs::write(&settings, "requirepass open-sesame\nappendonly yes\n")?;
    let mount = format!("{}:/run/secrets/redis.conf:ro", settings.display());
    let run = ["run", "--detach", "--name", "redis", "--network", "none", "--volume", &mount];
    engine.run(&[run.as_slice(), &[redis::NAME, "redis-server", "/run/secrets/redis.conf"]].concat()).await?;
    let ask = ["exec", "redis", "redis-cli"];
    until_said(engine, &[ask.as_slice(), &["ping"]].concat(), "NOAUTH").await?;
    let ask = [ask.as_slice(), &["--no-auth-warning", "-a", "open-sesame"]].concat();
    until_said(engine, &[ask.as_slice(), &["ping"]].concat(), "PONG").await?;
    let owner = engine.run(&["exec", "redis", "ls", "-ln", "/data"]).await?;
    assert!(owner.contains(" 999 "), "{owner}");
    engine.run(&["rm", "--force", "redis"]).await.map(drop)
}

async fn postgres_keeps_what_it_was_given(engine: &ContainerEngine) -> anyhow::Result<()> {
    let password = engine.folder().join("password");
    std::fs::write(&password, "open sesame\n")?;
    let mount = format!("{}:/run/secrets/password:ro", password.display());
    engine.run(&["network", "create", "net"]).await?;
    let run = ["run", "--detach", "--name", "postgres", "--network", "net", "--volume", &mount];
    let data = ["--volume", "cluster:/var/lib/postgresql/data", "--env", "POSTGRES_USER=elena"];
    let names = ["--env", "POSTGRES_DB=house", "--env", "POSTGRES_PASSWORD_FILE=/run/secrets/password"];
    engine.run(&[run.as_slice(), &data, &names, &[postgres::NAME]].concat()).await?;
    let ready = ["exec", "postgres", "pg_isready", "--host", "127.0.0.1", "--username", "elena"];
    until_said(engine, &ready, "accepting connections").await?;

    let psql = ["exec", "--env", "PGPASSWORD=open sesame", "postgres", "psql", "-Atq", "--host", "127.0.0.1"];
    let ask = [psql.as_slice(), &["--username", "elena", "--dbname", "house", "--command"]].concat();
    engine
        .run(&[ask.as_slice(), &["CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)"]].concat())
        .await?;
    let wrong: Vec<&str> = ask.iter().map(|word| word.trim_end_matches("sesame")).collect();
    assert!(engine.run(&[wrong.as_slice(), &["SELECT 1"]].concat()).await.is_err());

    engine.run(&["stop", "--time", "30", "postgres"]).await?;
    assert_eq!(engine.inspect("postgres", "{{.State.ExitCode}}").await?, "0");
    engine.run(&["start", "postgres"]).await?;
    until_said(engine, &ready, "accepting connections").await?;
    assert_eq!(engine.run(&[ask.as_slice(), &["SELECT id FROM kept"]].concat()).await?, "7");
    engine.run(&["stop", "--time", "30", "postgres"]).await.map(drop)
}

async fn the_misbehaving_misbehave(engine: &ContainerEngine) -> anyhow::Result<()> {
    let run = ["run", "--detach", "--network", "none", "--name"];
    let with = |name, command| [run.as_slice(), &[name, misbehaving::NAME], command].concat();
    engine.run(&with("crashing", &misbehaving::ENDS_AT_ONCE)).await?;
    assert_eq!(engine.run(&["wait", "crashing"]).await?, "1");
    engine.run(&with("deaf", &misbehaving::IGNORES_SIGTERM)).await?;
    until_said(engine, &["logs", "deaf"], "deaf").await?;
    engine.run(&["stop", "--time", "1", "deaf"]).await?;
    assert_eq!(engine.inspect("deaf", "{{.State.ExitCode}}").await?, "137");
    // Without a cgroup of its own nobody limits a rootless container.
    if engine.kind() != Kind::RootlessPodman {
        let run = [
            "run",
            "--detach",
            "--network",
            "none",
            "--memory",
            "32m",
            "--name",
            "hungry",
            misbehaving::NAME,
        ];
        engine.run(&[run.as_slice(), &misbehaving::EATS_MEMORY].concat()).await?;
        assert_eq!(engine.run(&["wait", "hungry"]).await?, "137");
        // Podman on the old cgroups does not say what killed it.
        if engine.kind() == Kind::Docker {
            until_said(engine, &["inspect", "--format", "{{.State.OOMKilled}}", "hungry"], "true").await?;
        }
    }
    Ok(())
}

/// Until the command says this, whether it fails with it or not.
async fn until_said(engine: &ContainerEngine, command: &[&str], wanted: &str) -> anyhow::Result<()> {
    wait::until(&format!("{command:?} to say {wanted}"), SOON, async || {
        let said = engine.run(command).await.unwrap_or_else(|error| error.to_string());
        Ok(said.contains(wanted).then_some(()))
    })
    .await
}

/// One test per engine and story, so that each is named where it fails.
macro_rules! over_every_engine {
    ($($story:ident),+) => {
        mod docker {
            $(#[tokio::test] async fn $story() -> anyhow::Result<()> {
                super::$story(super::Kind::Docker).await
            })+
        }
        mod podman {
            $(#[tokio::test] async fn $story() -> anyhow::Result<()> {
                super::$story(super::Kind::Podman).await
            })+
        }
        mod rootless_podman {
            $(#[tokio::test] async fn $story() -> anyhow::Result<()> {
                super::$story(super::Kind::RootlessPodman).await
            })+
        }
    };
}
over_every_engine!(
    a_closed_network_answers_inwards_only,
    a_daemon_knows_its_containers_after_a_crash_and_a_pause,
    nothing_stays_behind,
    a_registry_serves_pulls_and_its_wire_spoils_them,
    the_images_behave_as_they_should
);
