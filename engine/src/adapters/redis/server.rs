//! A Redis of one test's own, which it may kill and hold. Tests only.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Server {
    /// `None` where this machine has no Redis to start.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let child = match launch(port, &folder) {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut server = Self { child, port, folder };
        server.wait()?;
        Ok(Some(server))
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = launch(self.port, &self.folder)?;
        self.wait()
    }

    pub fn hold(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    pub fn let_go(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.child.try_wait().context("asking for the server's state")? {
                bail!("redis-server ended with {status}");
            }
            if begun.elapsed() > PATIENCE {
                bail!("redis-server does not listen");
            }
            std::thread::yield_now();
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill().ok();
    }
}

fn launch(port: u16, folder: &tempfile::TempDir) -> std::io::Result<Child> {
    let program = std::env::var_os("WHISPERENGINE_TEST_REDIS_BIN").unwrap_or_else(|| "redis-server".into());
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
