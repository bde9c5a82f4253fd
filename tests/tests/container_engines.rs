//! Container engines around the box: named, watched, and never waited for.

use super::first_visit::{owner, up};
use anyhow::{Context, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::free_port::free_port;
use tests::process::Home;
use tests::visitor::Visitor;
use tests::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Less than any engine has to answer, and more than a page takes on a busy machine that waits for nobody. What is promised
/// is measured by the bench.
const AT_MOST: Duration = Duration::from_millis(1500);
const EVEN_ON_A_BUSY_MACHINE: Duration = Duration::from_secs(15);
const FEW_BOXES: usize = 3;
const SOON: Duration = Duration::from_secs(30);
const PAGE: &str = "/setup/machine";

#[derive(Clone, Copy)]
pub(super) enum Mood {
    Sound,
    /// Each answer takes this long.
    Slow(Duration),
    /// Takes calls and answers none.
    Hung,
}

/// Somebody who answers like Docker as long as it lives, and writes down what it was asked.
pub(super) struct Docker {
    socket: PathBuf,
    asked: Arc<Mutex<BTreeSet<String>>>,
    _calls: JoinSet<()>,
}

impl Docker {
    pub(super) fn begin(socket: &Path, mood: Mood) -> anyhow::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let (asked, mut calls) = (Arc::<Mutex<BTreeSet<String>>>::default(), JoinSet::new());
        let told = Arc::clone(&asked);
        calls.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(answer(stream, mood, Arc::clone(&told)));
            }
        });
        Ok(Self { socket: socket.to_owned(), asked, _calls: calls })
    }

    fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // It is only tidied up; the folder goes with its test anyway.
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// How it went does not matter: whoever asked may have gone.
async fn answer(mut stream: UnixStream, mood: Mood, told: Arc<Mutex<BTreeSet<String>>>) {
    let mut question = vec![0; 1024];
    let Ok(length) = stream.read(&mut question).await else { return };
    let question = String::from_utf8_lossy(&question[..length]).lines().next().unwrap_or_default().to_owned();
    let body = match question.split(' ').nth(1) {
        Some("/version") => r#"{"Version":"27.9.1","ApiVersion":"1.47","Components":[{"Name":"Engine"}]}"#,
        Some("/info") => r#"{"Driver":"overlay2","OSType":"linux"}"#,
        _ => "OK",
    };
    told.lock().unwrap_or_else(PoisonError::into_inner).insert(question);
    match mood {
        Mood::Sound => {}
        Mood::Slow(takes) => tokio::time::sleep(takes).await,
        Mood::Hung => return std::future::pending().await,
    }
    let _ = stream.write_all(format!("HTTP/1.0 200 OK\r\nApi-Version: 1.47\r\n\r\n{body}").as_bytes()).await;
}

/// A home that names this socket by our own setting, over what `DOCKER_HOST` says.
pub(super) fn home() -> anyhow::Result<(Home, PathBuf)> {
    let mut home = Home::new()?;
    let socket = home.path().join("engine.sock");
    home.set("WHISPERENGINE_CONTAINER_HOST", format!("unix://{}", socket.display()));
    home.set("DOCKER_HOST", "unix:///nowhere/other.sock");
    Ok((home, socket))
}

async fn timed(visitor: &mut Visitor) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    visitor.open(PAGE).await?.says("What was found")?;
    Ok(begun.elapsed())
}

#[tokio::test]
async fn an_engine_that_is_there_is_named_and_left_alone() -> anyhow::Result<()> {
    let ((home, socket), address) = (home()?, free_port()?);
    let docker = Docker::begin(&socket, Mood::Sound)?;
    let mut process = up(&home, address).await?;
    let mut ada = owner(&mut process, address).await?;
    ada.submit("/setup/recovery", &[]).await?.says("Docker 27.9.1 is running")?;
    ada.page.says("setting containers.host")?;
    let questions = ["/_ping", "/version", "/info"].map(|path| format!("GET {path} HTTP/1.0"));
    assert_eq!(docker.asked(), BTreeSet::from(questions), "it is asked for nothing else");
    Ok(())
}

#[tokio::test]
async fn no_page_waits_for_an_engine() -> anyhow::Result<()> {
    let slow = Mood::Slow(Duration::from_millis(1900));
    for (name, mood, says) in [
        ("absent", None, "engine.sock"),
        ("sound", Some(Mood::Sound), "Docker 27.9.1 is running"),
        ("slow", Some(slow), "Docker 27.9.1 is running"),
        ("hung", Some(Mood::Hung), "it is not ready yet"),
    ] {
        let mut firsts = Vec::new();
        for _ in 1..FEW_BOXES {
            let ((home, socket), address) = (home()?, free_port()?);
            let _docker = mood.map(|mood| Docker::begin(&socket, mood)).transpose()?;
            let mut process = up(&home, address).await?;
            firsts.push(timed(&mut owner(&mut process, address).await?).await?);
        }
        let ((home, socket), address) = (home()?, free_port()?);
        let _docker = mood.map(|mood| Docker::begin(&socket, mood)).transpose()?;
        let mut process = up(&home, address).await?;
        let mut ada = owner(&mut process, address).await?;
        firsts.push(timed(&mut ada).await?);
        let mut later = Vec::new();
        wait::until(says, SOON, async || {
            later.push(timed(&mut ada).await?);
            Ok(ada.page.html.contains(says).then_some(()))
        })
        .await?;
        for _ in 0..20 {
            later.push(timed(&mut ada).await?);
        }
        later.sort_unstable();
        let (usual, worst) = (later[later.len() / 2], *later.last().context("pages were opened")?);
        let first = *firsts.iter().min().context("there were boxes")?;
        eprintln!("{name}: the first page took {firsts:?}, later ones {usual:?}, the slowest {worst:?}");
        ensure!(first.max(usual) <= AT_MOST, "{name}: a page takes {first:?} at first, then {usual:?}");
        ensure!(worst <= EVEN_ON_A_BUSY_MACHINE, "{name}: {worst:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_engine_that_goes_and_comes_back_is_followed() -> anyhow::Result<()> {
    let ((home, socket), address) = (home()?, free_port()?);
    let docker = Docker::begin(&socket, Mood::Sound)?;
    let mut process = up(&home, address).await?;
    let mut ada = owner(&mut process, address).await?;
    ada.open(PAGE).await?.says("Docker 27.9.1 is running")?;
    drop(docker);
    wait::until("its end to be told", SOON, async || {
        let page = ada.submit("/setup/machine/look", &[]).await?;
        Ok(page.html.contains("was running, and is gone").then_some(()))
    })
    .await?;
    ada.page.says("everything needed goes on in this process")?;

    let back = Instant::now();
    let _docker = Docker::begin(&socket, Mood::Sound)?;
    wait::until("its return to be told", SOON, async || {
        let page = ada.submit("/setup/machine/look", &[]).await?;
        Ok(page.html.contains("counts once it has done so for 5 seconds").then_some(()))
    })
    .await?;
    wait::until("the engine to count again", SOON, async || {
        ada.open(PAGE).await?;
        Ok(ada.page.html.contains("Docker 27.9.1 is running").then_some(()))
    })
    .await?;
    ensure!(back.elapsed() >= Duration::from_secs(5), "it counted after {:?}", back.elapsed());
    Ok(())
}

#[tokio::test]
async fn whoever_wants_everything_native_has_nobody_asked() -> anyhow::Result<()> {
    let ((mut home, socket), address) = (home()?, free_port()?);
    home.set("WHISPERENGINE_RUNTIME", "native");
    let docker = Docker::begin(&socket, Mood::Sound)?;
    let mut process = up(&home, address).await?;
    let mut ada = owner(&mut process, address).await?;
    ada.open(PAGE).await?.says("does not look for a container engine")?;
    ensure!(!ada.page.html.contains("/setup/machine/look"), "looking again would change nothing");
    assert_eq!(docker.asked(), BTreeSet::new());
    Ok(())
}
