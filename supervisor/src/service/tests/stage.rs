//! A machine in a folder, and a service manager that plays what was written down for it.

use crate::config::data_dir::DataDir;
use crate::machine::source::{Environment, Machine};
use crate::service::ground::Ground;
use crate::service::launch::Launch;
use crate::service::runner::{Ran, Runner, Unanswered};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::VecDeque;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a tool answers; `Hang` is one that never does.
#[derive(Clone, Debug)]
pub enum Answer {
    Yes(String),
    No(String),
    Hang,
}

pub fn yes(stdout: &str) -> Answer {
    Answer::Yes(stdout.to_owned())
}

pub fn no(stderr: &str) -> Answer {
    Answer::No(stderr.to_owned())
}

/// Commands in the order in which they must come, each with its answer.
#[derive(Default)]
pub struct Recording(Mutex<VecDeque<(String, Answer)>>);

impl Runner for Recording {
    fn run<'a>(&'a self, command: &'a [&'a str], within: Duration) -> BoxFuture<'a, Result<Ran, Unanswered>> {
        let command = command.join(" ");
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let (expected, answer) = next.unwrap_or_else(|| panic!("nobody expected `{command}`"));
        assert_eq!(command, expected);
        let ran = match answer {
            Answer::Yes(stdout) => Ok(Ran { succeeded: true, stdout, stderr: String::new() }),
            Answer::No(stderr) => Ok(Ran { succeeded: false, stdout: String::new(), stderr }),
            Answer::Hang => Err(Unanswered::TooSlow { command, within }),
        };
        std::future::ready(ran).boxed()
    }
}

pub struct Stage {
    temp: tempfile::TempDir,
    machine: Machine,
    environment: Environment,
    recording: Recording,
    user: u32,
}

impl Stage {
    pub fn new(platform: &str, user: u32) -> anyhow::Result<Self> {
        let temp = tempfile::tempdir()?;
        let machine = Machine {
            root: temp.path().join("root"),
            platform: platform.to_owned(),
            arch: "x86_64".to_owned(),
            visible_cores: Some(2),
            ram_bytes: Some(4 << 30),
            disk: |_| None,
        };
        let home = temp.path().join("home").to_string_lossy().into_owned();
        let environment = Environment::from([("HOME".to_owned(), home)]);
        Ok(Self { temp, machine, environment, recording: Recording::default(), user })
    }

    /// As systemd leaves it when it is the machine's init.
    pub fn with_systemd(user: u32) -> anyhow::Result<Self> {
        let stage = Self::new("linux", user)?;
        std::fs::create_dir_all(stage.machine.root.join("run/systemd/system"))?;
        Ok(stage)
    }

    pub fn ground(&self) -> Ground<'_> {
        Ground {
            machine: &self.machine,
            environment: &self.environment,
            runner: &self.recording,
            user: self.user,
        }
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.temp.path().join(below)
    }

    pub fn data_dir(&self) -> anyhow::Result<DataDir> {
        Ok(DataDir::at(&self.path("box"))?)
    }

    pub fn launch(&self, more: &[&str]) -> anyhow::Result<Launch> {
        let more = more.iter().map(|word| (*word).to_owned()).collect();
        Ok(Launch::new(Path::new("/opt/whisperengine"), &self.data_dir()?, more)?)
    }

    /// From here on these are expected, in this order.
    pub fn expect(&self, script: &[(&str, Answer)]) {
        let script = script.iter().map(|(command, answer)| ((*command).to_owned(), answer.clone()));
        self.recording.0.lock().unwrap_or_else(PoisonError::into_inner).extend(script);
    }

    /// All that was expected has come.
    pub fn assert_played(&self) {
        let left = self.recording.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(left.is_empty(), "never asked: {left:?}");
    }

    /// A box that answers, until it is dropped.
    pub fn answering_box(&self) -> anyhow::Result<UnixListener> {
        let dir = self.data_dir()?;
        dir.create()?;
        Ok(UnixListener::bind(crate::control::socket::name(&dir)?.path)?)
    }
}
