//! A box that is in a container itself, with the socket of its engine: it brings up what it needs beside it, is killed,
//! removed and run again, and says exactly what it lacks where it cannot.

use anyhow::{Context, ensure};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket;
use engine_client::wire::setup::{SetupDone, SetupRequest};
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;
use tests::engines::container_engine::ContainerEngine;
use tests::engines::images::{postgres, redis};
use tests::engines::kind::Kind;
use tests::engines::outside::Outside;
use tests::free_port::free_port;
use tests::house::PASSWORD;
use tests::process::Home;
use tests::talk::Talk;
use tests::{http, skip, wait};

/// Engines and their containers share two cores with every other story.
const SOON: Duration = Duration::from_secs(90);
const SERVICES: [&str; 3] = ["postgres", "redis", "engine"];
const PROGRAM: &str = "/usr/bin/whisperengine";
const IN_A_VOLUME: [&str; 2] = ["--volume", "data:/data"];

/// One engine that has all images, and a network for boxes.
struct Quay {
    engine: ContainerEngine,
    image: String,
    address: SocketAddr,
}

impl Quay {
    async fn new(kind: Kind, story: &str) -> anyhow::Result<Option<Self>> {
        if let Some(reason) = kind.missing() {
            skip::report(&format!("boxed::{story} on {}", kind.name()), &reason)?;
            return Ok(None);
        }
        let engine = ContainerEngine::start(kind).await?;
        // As systemd's own units have it for both.
        std::fs::set_permissions(engine.socket(), Permissions::from_mode(0o660))?;
        engine.load(&redis::archive()?).await?;
        engine.load(&postgres::archive()?).await?;
        let mut home = Home::new()?;
        home.set("DOCKER_HOST", engine.host());
        home.set("WHISPERENGINE_IMAGE_POSTGRES", postgres::NAME);
        home.set("WHISPERENGINE_IMAGE_REDIS", redis::NAME);
        let bundle = home.path().join("all.bundle");
        let out = bundle.to_str().context("a plain path")?;
        let made = home.run(&["bundle", "create", "--out", out], SOON).await?;
        ensure!(made.status.success(), "{}", made.stderr);
        let names = engine.run(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).await?;
        let image =
            names.lines().find(|name| name.contains("/whisperengine:") || name.starts_with("whisperengine:"));
        let image = image.with_context(|| format!("no image of the box: {names}"))?.to_owned();
        engine.run(&["network", "create", "open"]).await?;
        Ok(Some(Self { engine, image, address: free_port()? }))
    }

    /// A new container of the box, with what its owner says about containers, and these words more.
    async fn run(&self, more: &[&str]) -> anyhow::Result<()> {
        let port = format!("{}:8080", self.address);
        let (store, cache) = (
            format!("WHISPERENGINE_IMAGE_POSTGRES={}", postgres::NAME),
            format!("WHISPERENGINE_IMAGE_REDIS={}", redis::NAME),
        );
        let words = ["run", "--detach", "--name", "box", "--network", "open", "--publish", &port];
        let settings = ["--env", "WHISPERENGINE_RUNTIME=docker", "--env", &store, "--env", &cache];
        self.engine.run(&[words.as_slice(), &settings, more, &[&self.image]].concat()).await.map(drop)
    }

    /// As the guide says: with a database of its own, and let in by the socket's group.
    async fn run_supervising(&self) -> anyhow::Result<()> {
        let (mount, group) = (mount(&self.engine), group(&self.engine)?);
        let supervising =
            ["--volume", &mount, "--group-add", &group, "--env", "WHISPERENGINE_DATABASE_TYPE=postgres"];
        self.run(&[supervising.as_slice(), &IN_A_VOLUME].concat()).await
    }

    async fn data(&self) -> anyhow::Result<PathBuf> {
        Ok(self.engine.run(&["volume", "inspect", "--format", "{{.Mountpoint}}", "data"]).await?.into())
    }

    /// Speaks as whoever sits at the machine. Good across restarts.
    async fn client(&self) -> anyhow::Result<EngineClient> {
        let control = self.data().await?.join("run/control.sock");
        Ok(EngineClient::new(socket::unix(control), None, Principal::Operator))
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        let ready = wait::until("the box to be ready", SOON, async || {
            let answered = http::get(self.address, "/ready").await;
            Ok(answered.is_ok_and(|answer| answer.status() == 200).then_some(()))
        });
        match ready.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.last_lines().await)),
        }
    }

    async fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.data().await?.join("logs/app.log"))?)
    }

    async fn last_lines(&self) -> String {
        let log = self.log().await.unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("answered a request")).collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    async fn until_served(&self, service: &str, times: usize) -> anyhow::Result<()> {
        let words = format!("{service} was starting and is serving");
        let served = async || Ok((self.log().await?.matches(&words).count() >= times).then_some(()));
        let what = format!("{service} to serve for the {times}th time");
        match wait::until(&what, SOON, served).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.last_lines().await)),
        }
    }

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

    /// What `doctor` in the container says about the engine of containers.
    async fn until_doctor_says(&self, wanted: &[&str]) -> anyhow::Result<()> {
        let mut last = String::new();
        let told = wait::until(wanted[0], SOON, async || {
            // With an issue open it ends with 1, and says all the same.
            last = match self.engine.run(&["exec", "box", PROGRAM, "doctor"]).await {
                Ok(said) => said,
                Err(error) => format!("{error:#}"),
            };
            Ok(wanted.iter().all(|words| last.contains(words)).then_some(()))
        });
        told.await.with_context(|| last.clone())
    }
}

fn mount(engine: &ContainerEngine) -> String {
    format!("{}:/var/run/docker.sock", engine.socket().display())
}

fn group(engine: &ContainerEngine) -> anyhow::Result<String> {
    Ok(std::fs::metadata(engine.socket())?.gid().to_string())
}

async fn a_box_in_a_container_keeps_its_services(kind: Kind) -> anyhow::Result<()> {
    let Some(quay) = Quay::new(kind, "a_box_in_a_container_keeps_its_services").await? else { return Ok(()) };
    quay.run_supervising().await?;
    quay.until_ready().await?;
    let client = quay.client().await?;
    let owner =
        SetupRequest { owner: "Ada".into(), password: PASSWORD.into(), connection: None, guided: false };
    let _: SetupDone = client.post("/api/v1/setup", &owner).await?;
    for service in SERVICES {
        quay.until_served(service, 1).await?;
    }
    let talk = Talk::open(client).await?;
    talk.exchange("one").await?;
    is_fenced(&quay).await?;
    // Neither engine knows of a graphics card here, and both are asked.
    quay.until_doctor_says(&["graphics  none for containers: "]).await?;

    // A service goes, and comes back.
    quay.engine.run(&["kill", &quay.container("redis").await?]).await?;
    talk.exchange("two").await?;
    quay.until_served("redis", 2).await?;
    // Somebody takes the box out of its services' network. It goes back, and starts nothing again.
    let before = quay.starts().await?;
    let network = format!(
        "{}-inner",
        quay.engine
            .inspect(&before[0].0, "{{.Name}}")
            .await?
            .trim_start_matches('/')
            .trim_end_matches("-postgres")
    );
    quay.engine.run(&["network", "disconnect", &network, "box"]).await?;
    let back = wait::until("the box to be where its services are", SOON, async || {
        let networks = quay.engine.inspect("box", "{{json .NetworkSettings.Networks}}").await?;
        Ok(networks.contains(&network).then_some(()))
    });
    if let Err(error) = back.await {
        return Err(error.context(quay.last_lines().await));
    }
    quay.until_ready().await?;
    talk.exchange("three").await?;

    // The box is killed. What runs goes on, and is taken up as it is.
    quay.engine.run(&["kill", "box"]).await?;
    quay.engine.run(&["start", "box"]).await?;
    quay.until_ready().await?;
    talk.exchange("four").await?;
    quay.until_served("redis", 3).await?;
    ensure!(
        quay.starts().await? == before,
        "something healthy was started again: {}",
        quay.last_lines().await
    );

    // Another container on the same volume is the same box.
    quay.engine.run(&["rm", "--force", "box"]).await?;
    quay.run_supervising().await?;
    quay.until_ready().await?;
    talk.exchange("five").await?;
    quay.until_served("redis", 4).await?;
    ensure!(
        quay.starts().await? == before,
        "something healthy was started again: {}",
        quay.last_lines().await
    );

    // Podman gives no time at all to a container that was made through Docker's interface, unless it is told to.
    // Stopped in order it takes its services with it, and not itself away.
    quay.engine.run(&["stop", "--time", "60", "box"]).await?;
    quay.engine.until_nothing_runs().await.context("containers run on without the box")?;
    let ended = quay.engine.inspect("box", "{{.State.ExitCode}}").await?;
    ensure!(ended == "0", "it ended with {ended}: {}", quay.last_lines().await);
    quay.engine.run(&["start", "box"]).await?;
    quay.until_ready().await?;
    let said = talk.exchanged().await?;
    let mine: Vec<&str> = said.iter().step_by(2).map(|message| message.text.as_str()).collect();
    ensure!(mine == ["one", "two", "three", "four", "five"], "what was said is {mine:?}");
    Ok(())
}

/// Services are reached by the box alone and reach nobody; the box itself still reaches out.
async fn is_fenced(quay: &Quay) -> anyhow::Result<()> {
    for service in SERVICES {
        let id = quay.container(service).await?;
        let ports = quay.engine.inspect(&id, "{{json .HostConfig.PortBindings}}").await?;
        ensure!(!ports.contains("HostPort"), "{service} is published: {ports}");
    }
    let same = [
        quay.engine.inspect("box", "{{.Image}}").await?,
        quay.engine.inspect(&quay.container("engine").await?, "{{.Image}}").await?,
    ];
    ensure!(same[0] == same[1], "the companion runs of another image than the box: {same:?}");
    let outside = Outside::start().await?;
    let redis = quay.container("redis").await?;
    for (who, host) in [("the outside", outside.ip()), ("this machine", outside.machine().to_string())] {
        let ask =
            format!("timeout 3 redis-cli -h {host} ping >/dev/null 2>&1 && echo reached || echo nobody");
        let said = quay.engine.run(&["exec", &redis, "sh", "-c", &ask]).await?;
        ensure!(said == "nobody", "a service reached {who}: {said}");
    }
    // The kernel's own list: the way to everywhere has no destination.
    let pid = quay.engine.inspect("box", "{{.State.Pid}}").await?;
    let routes = std::fs::read_to_string(format!("/proc/{pid}/net/route"))?;
    let ways_out = routes.lines().filter(|line| line.split_whitespace().nth(1) == Some("00000000")).count();
    ensure!(ways_out == 1, "the box has {ways_out} ways out: {routes}");
    Ok(())
}

#[tokio::test]
async fn on_docker_a_box_in_a_container_keeps_its_services() -> anyhow::Result<()> {
    a_box_in_a_container_keeps_its_services(Kind::Docker).await
}

#[tokio::test]
async fn on_podman_a_box_in_a_container_keeps_its_services() -> anyhow::Result<()> {
    a_box_in_a_container_keeps_its_services(Kind::Podman).await
}

/// Root in there is whoever runs the engine, and may open its socket. The control socket knows no root from outside, so nobody
/// talks here.
#[tokio::test]
async fn on_rootless_podman_a_box_in_a_container_keeps_its_services() -> anyhow::Result<()> {
    let story = "on_rootless_podman_a_box_in_a_container_keeps_its_services";
    let Some(quay) = Quay::new(Kind::RootlessPodman, story).await? else { return Ok(()) };
    let mount = mount(&quay.engine);
    let supervising = ["--volume", &mount, "--user", "0:0", "--env", "WHISPERENGINE_DATABASE_TYPE=postgres"];
    quay.run(&[supervising.as_slice(), &IN_A_VOLUME].concat()).await?;
    quay.until_ready().await?;
    for service in SERVICES {
        quay.until_served(service, 1).await?;
    }
    let before = quay.starts().await?;
    quay.engine.run(&["rm", "--force", "box"]).await?;
    quay.run(&[supervising.as_slice(), &IN_A_VOLUME].concat()).await?;
    quay.until_ready().await?;
    for service in SERVICES {
        quay.until_served(service, 2).await?;
    }
    ensure!(
        quay.starts().await? == before,
        "something healthy was started again: {}",
        quay.last_lines().await
    );
    Ok(())
}

#[tokio::test]
async fn what_a_box_in_a_container_lacks_is_named_and_it_goes_on_without() -> anyhow::Result<()> {
    let story = "what_a_box_in_a_container_lacks_is_named_and_it_goes_on_without";
    let Some(quay) = Quay::new(Kind::Docker, story).await? else { return Ok(()) };
    let (mine, group) = (mount(&quay.engine), group(&quay.engine)?);
    let again = async || quay.engine.run(&["rm", "--force", "box"]).await.map(drop);

    // No socket at all.
    quay.run(&IN_A_VOLUME).await?;
    quay.until_ready().await?;
    quay.until_doctor_says(&["--volume /var/run/docker.sock:/var/run/docker.sock"]).await?;
    again().await?;

    // A socket that its user may not open. Nobody is in the group of the image's user.
    quay.run(&[["--volume", &mine].as_slice(), &IN_A_VOLUME].concat()).await?;
    quay.until_ready().await?;
    quay.until_doctor_says(&[&format!("--group-add {group}")]).await?;
    again().await?;
    // One that only its owner may open.
    std::fs::set_permissions(quay.engine.socket(), Permissions::from_mode(0o600))?;
    quay.run(&[["--volume", &mine].as_slice(), &IN_A_VOLUME].concat()).await?;
    quay.until_doctor_says(&["--user 0:"]).await?;
    again().await?;
    std::fs::set_permissions(quay.engine.socket(), Permissions::from_mode(0o660))?;

    // A data directory that the machine has no name for.
    quay.run(&["--volume", &mine, "--group-add", &group, "--env", "WHISPERENGINE_DATA_DIR=/tmp/box"]).await?;
    quay.until_doctor_says(&["/tmp/box is in no mount of it", "--volume whisperengine:/tmp/box"]).await?;
    again().await?;

    // The engine of somebody else.
    let other = ContainerEngine::start(Kind::Docker).await?;
    let (theirs, group) = (mount(&other), self::group(&other)?);
    quay.run(&[["--volume", &theirs, "--group-add", &group].as_slice(), &IN_A_VOLUME].concat()).await?;
    quay.until_ready().await?;
    quay.until_doctor_says(&["it does not run the container that this box is in"]).await?;
    // Nor does it where its process is seen: as anybody, and as somebody who may look into every process.
    let anybody: &[&str] = &["--volume", "data:/data"];
    let root = &["--user", "0:0", "--cap-add", "SYS_PTRACE", "--security-opt", "apparmor=unconfined"];
    for who in [anybody, &[root.as_slice(), &["--volume", "roots:/data"]].concat()] {
        again().await?;
        let seen = ["--volume", &theirs, "--group-add", &group, "--pid", "host"];
        quay.run(&[seen.as_slice(), who].concat()).await?;
        quay.until_doctor_says(&["it does not run the container that this box is in"]).await?;
    }
    ensure!(other.run(&["ps", "--all", "--quiet"]).await?.is_empty(), "something was made elsewhere");
    ensure!(
        quay.engine.run(&["ps", "--all", "--quiet"]).await?.lines().count() == 1,
        "only the box is there"
    );
    Ok(())
}
