//! One private engine: its daemon, which a story may stop, kill or hang, and the folder that outlives it.
//!
//! Everything is asked through the `docker` client on the engine's socket, Podman too: it is the API
//! that the program itself speaks. Dropped, also by a panic, it takes its containers, networks, mounts
//! and folder with it.

use super::address_pool::AddressPool;
use super::kind::Kind;
use super::{docker, leavings, podman};
use crate::mount::Mount;
use crate::process::{Home, Process};
use crate::{built, process_tree, wait};
use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// For the daemon to answer or to end.
const SOON: Duration = Duration::from_secs(120);
/// Others may hold theirs for a whole story.
const ITS_TURN: Duration = Duration::from_mins(60);
/// For one command of the client: an image may have to be unpacked on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// A daemon that does not answer a ping by then is not well.
const A_PING: Duration = Duration::from_secs(2);
/// Of a daemon that gives up on its own parts, which it then says in these words.
const STARTS: usize = 4;
const IMPATIENT: &str = "timeout waiting for containerd to start";
/// Unix sockets have 108 bytes, and engines put their own below the folder.
const LONGEST_FOLDER: usize = 60;

/// How the daemon is started, and where it then listens.
pub struct Launch {
    pub program: &'static str,
    pub arguments: Vec<String>,
    pub socket: PathBuf,
}

pub struct ContainerEngine {
    kind: Kind,
    launch: Launch,
    pool: AddressPool,
    daemon: Option<Process>,
    /// Where images and containers are kept, where that has a size.
    disk: Option<Mount>,
    home: Home,
    /// That its addresses are its own.
    _pool: File,
    /// Rootful Podmans name their bridges without looking at each other: one at a time.
    _alone: Option<File>,
}

impl ContainerEngine {
    /// A fresh one, empty and answering.
    pub async fn start(kind: Kind) -> anyhow::Result<Self> {
        let mut engine = Self::prepare(kind).await?;
        engine.start_again().await?;
        Ok(engine)
    }

    /// The same with a disk of its own for images and containers, which [`Self::disk`] is.
    pub async fn start_on_disk(kind: Kind, mebibytes: u64) -> anyhow::Result<Self> {
        let mut engine = Self::prepare(kind).await?;
        let place = match kind {
            Kind::Docker => "data",
            Kind::Podman | Kind::RootlessPodman => "own/root",
        };
        let mount = Mount::of_memory(&engine.folder().join(place), mebibytes)?;
        engine.disk = Some(mount.map_err(anyhow::Error::msg)?);
        engine.start_again().await?;
        Ok(engine)
    }

    pub fn disk(&self) -> anyhow::Result<&Mount> {
        self.disk.as_ref().context("it has no disk of its own")
    }

    async fn prepare(kind: Kind) -> anyhow::Result<Self> {
        if let Some(reason) = kind.missing() {
            bail!("{reason}");
        }
        let alone = if kind == Kind::Podman { Some(turn("podman").await?) } else { None };
        let (mut home, (pool, its_pool)) = (Home::new()?, AddressPool::draw()?);
        ensure!(
            home.path().as_os_str().len() <= LONGEST_FOLDER,
            "sockets do not fit below {}",
            home.path().display()
        );
        let launch = match kind {
            Kind::Docker => docker::launch(&home, pool)?,
            Kind::Podman => podman::launch(&mut home, pool)?,
            Kind::RootlessPodman => podman::launch_rootless(&mut home, pool)?,
        };
        Ok(Self { kind, launch, pool, daemon: None, disk: None, home, _pool: its_pool, _alone: alone })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Everything of it lies below.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// What its networks get their addresses from.
    pub fn pool(&self) -> AddressPool {
        self.pool
    }

    pub fn socket(&self) -> &Path {
        &self.launch.socket
    }

    /// What `DOCKER_HOST` is set to.
    pub fn host(&self) -> String {
        format!("unix://{}", self.launch.socket.display())
    }

    /// On the same folder and socket, after `stop` or `kill`.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        ensure!(self.daemon.is_none(), "{} runs already", self.kind.name());
        // Dockers that start make the same chains of the firewall: one after the other.
        let _starting = if self.kind == Kind::Docker { Some(turn("dockerd").await?) } else { None };
        for _ in 1..STARTS {
            match self.launch_daemon().await {
                // Docker gives its own containerd fifteen seconds, which a busy machine may need for less.
                Err(error) if format!("{error:#}").contains(IMPATIENT) => self.bury().await?,
                started => return started,
            }
        }
        self.launch_daemon().await
    }

    /// Its containerd ends with it, a moment later.
    async fn bury(&mut self) -> anyhow::Result<()> {
        drop(self.daemon.take());
        let named = self.home.path().join("exec/containerd/containerd.toml");
        wait::until("containerd to end", SOON, async || {
            Ok(leavings::processes(&named)?.is_empty().then_some(()))
        })
        .await
    }

    async fn launch_daemon(&mut self) -> anyhow::Result<()> {
        // Docker takes a dead containerd that nobody has buried yet for a living one, and waits for it.
        for stale in ["pid", "exec/containerd/containerd.pid"].map(|file| self.home.path().join(file)) {
            std::fs::remove_file(stale).ok();
        }
        let arguments: Vec<&str> = self.launch.arguments.iter().map(String::as_str).collect();
        let daemon = self.daemon.insert(self.home.start_neighbour(self.launch.program, &arguments)?);
        let socket = &self.launch.socket;
        let answered = wait::until("a container engine to answer", SOON, async || {
            if let Ok(status) = daemon.wait_for_exit(Duration::ZERO).await {
                bail!("it ended ({status}) before it answered");
            }
            Ok(ping(socket).await.then_some(()))
        })
        .await;
        answered.with_context(|| format!("{}: {}", self.kind.name(), tail(daemon)))
    }

    /// Does the daemon answer a ping, soon?
    pub async fn answers(&self) -> bool {
        ping(&self.launch.socket).await
    }

    /// SIGTERM, and waits until it has ended.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let mut daemon = self.daemon.take().context("no daemon runs")?;
        let pids = self.pids(&daemon)?;
        daemon.terminate()?;
        daemon.wait_for_exit(SOON).await?;
        wait_until_gone(&pids).await
    }

    /// SIGKILL to the daemon alone; what it started is left to itself, as after a crash.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let mut daemon = self.daemon.take().context("no daemon runs")?;
        let (pids, with_it) = (self.pids(&daemon)?, process_tree::members(daemon.pid())?);
        for pid in pids.iter().filter(|pid| **pid != daemon.pid()) {
            send(*pid, Signal::KILL)?;
        }
        daemon.kill()?;
        // Docker's containerd and proxies die of their parent's death, a moment later. What Podman
        // started lives on.
        wait_until_gone(if self.kind == Kind::Docker { &with_it } else { &pids }).await
    }

    /// SIGSTOP: connections are taken by the kernel and nobody answers, until `go_on`. A thread may
    /// still be answering when the signal was sent; afterwards all of them stand still.
    pub async fn hang(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)?;
        let pids = self.pids(self.daemon.as_ref().context("no daemon runs")?)?;
        wait::until("the daemon to stand still", SOON, async || {
            let still = pids.iter().map(|pid| stands_still(*pid)).collect::<std::io::Result<Vec<_>>>()?;
            Ok(still.into_iter().all(|still| still).then_some(()))
        })
        .await
    }

    pub fn go_on(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    /// One command of the client, such as `["ps", "--all"]`; what it printed, trimmed.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut client = tokio::process::Command::new("docker");
        client.args(arguments).env_clear().kill_on_drop(true);
        client.env("PATH", std::env::var_os("PATH").context("there is no PATH")?);
        client.env("DOCKER_HOST", self.host()).env("HOME", self.home.path());
        client.env("DOCKER_CONFIG", self.home.path().join("client")).stdin(std::process::Stdio::null());
        let done = tokio::time::timeout(PATIENCE, client.output());
        let done = done.await.with_context(|| format!("docker {arguments:?} did not end"))??;
        let (said, complained) = (String::from_utf8(done.stdout)?, String::from_utf8_lossy(&done.stderr));
        let name = self.kind.name();
        ensure!(done.status.success(), "{name}: docker {arguments:?}: {said}{}", complained.trim());
        Ok(said.trim().to_owned())
    }

    /// A box that ends does not wait for an engine that takes its time to end containers.
    pub async fn until_nothing_runs(&self) -> anyhow::Result<()> {
        let ended = async || Ok(self.run(&["ps", "--quiet"]).await?.is_empty().then_some(()));
        wait::until("all containers to end", SOON, ended).await
    }

    /// An archive of [`super::images`].
    pub async fn load(&self, archive: &Path) -> anyhow::Result<()> {
        let path = archive.to_str().context("the archive has an odd name")?;
        self.run(&["load", "--input", path]).await.map(drop)
    }

    /// What `docker inspect` says of one field, by its Go template.
    pub async fn inspect(&self, container: &str, template: &str) -> anyhow::Result<String> {
        self.run(&["inspect", "--format", template, container]).await
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let daemon = self.daemon.as_ref().context("no daemon runs")?;
        for pid in self.pids(daemon)? {
            send(pid, signal)?;
        }
        Ok(())
    }

    /// The daemon and, where it is rootless, itself again in a namespace of its own: all that was told
    /// where to listen.
    fn pids(&self, daemon: &Process) -> anyhow::Result<Vec<Pid>> {
        let host = self.host();
        let mut pids = process_tree::members(daemon.pid())?;
        pids.retain(|pid| {
            let words = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
            words.split(|byte| *byte == 0).any(|word| word == host.as_bytes())
        });
        Ok(pids)
    }

    /// Containers and networks go through the engine, which alone knows what it made for them.
    async fn remove_everything(&mut self) -> anyhow::Result<()> {
        if self.daemon.is_some() {
            self.go_on()?;
        }
        if !self.answers().await {
            // It ended by itself or was ended by the story.
            drop(self.daemon.take());
            self.start_again().await?;
        }
        let running = self.run(&["ps", "--quiet"]).await?;
        if !running.is_empty() {
            let mut kill = vec!["kill"];
            kill.extend(running.lines());
            // One may have ended in the meantime; those that did not are removed by force.
            self.run(&kill).await.ok();
        }
        let all = self.run(&["ps", "--all", "--quiet"]).await?;
        if !all.is_empty() {
            let mut remove = vec!["rm", "--force", "--volumes"];
            remove.extend(all.lines());
            self.run(&remove).await?;
        }
        self.run(&["network", "prune", "--force"]).await?;
        Ok(())
    }
}

impl Drop for ContainerEngine {
    fn drop(&mut self) {
        // A runtime cannot wait inside another: this one has a thread to itself.
        let removed = std::thread::scope(|scope| {
            let removing = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(self.remove_everything())
            });
            removing.join().unwrap_or_else(|_| bail!("it panicked"))
        });
        if let Err(error) = removed {
            eprintln!("{} did not remove its containers: {error:#}", self.kind.name());
        }
        drop(self.daemon.take());
        drop(self.disk.take());
        if let Err(error) = leavings::clear(self.home.path(), self.pool) {
            eprintln!("{} left something behind: {error:#}", self.kind.name());
        }
    }
}

async fn ping(socket: &Path) -> bool {
    let asked = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
    };
    matches!(tokio::time::timeout(A_PING, asked).await, Ok(Ok(true)))
}

/// A child that was just forked has its parent's name until it becomes another program, and may be gone since.
fn send(pid: Pid, signal: Signal) -> rustix::io::Result<()> {
    match kill_process(pid, signal) {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        sent => sent,
    }
}

/// Is every thread stopped? One that is gone does nothing any more.
fn stands_still(pid: Pid) -> std::io::Result<bool> {
    let threads = match std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        threads => threads?,
    };
    for thread in threads {
        // A thread that ends in the meantime does nothing any more.
        let stat = std::fs::read_to_string(thread?.path().join("stat")).unwrap_or_default();
        if !stat.is_empty() && !stat.contains(") T ") {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn wait_until_gone(pids: &[Pid]) -> anyhow::Result<()> {
    wait::until("the daemon to be gone", SOON, async || {
        let there = |pid: &Pid| {
            // A process that only waits for its burial is gone.
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            stat.is_ok_and(|stat| !stat.contains(") Z "))
        };
        Ok((!pids.iter().any(there)).then_some(()))
    })
    .await
}

/// Among all tests of this machine's checkout. It ends when the file is closed.
async fn turn(of: &str) -> anyhow::Result<File> {
    std::fs::create_dir_all(built::folder())?;
    let file = File::create(built::folder().join(format!("{of}.lock")))?;
    wait::until(&format!("its turn with {of}"), ITS_TURN, async || match file.try_lock() {
        Ok(()) => Ok(Some(())),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    })
    .await?;
    Ok(file)
}

/// The end of what a daemon logged.
fn tail(daemon: &Process) -> String {
    let said = daemon.stderr().unwrap_or_else(|error| error.to_string());
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
