//! A program at a terminal, and somebody who sits before it.

use anyhow::Context;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::process::Home;
use tests::wait;

/// Killed when dropped.
pub struct Terminal {
    child: Child,
    keys: File,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Runs a command of the program at a new one.
    pub fn run(home: &Home, words: &[&str]) -> anyhow::Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let theirs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut command = home.command(words)?;
        command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(Stdio::from(theirs));
        let child = command.spawn().context("the program could not be started")?;
        let keys = File::from(ours);
        let screen = Arc::default();
        let (mut shown, writes) = (keys.try_clone()?, Arc::clone(&screen));
        // It ends with the last one who has the terminal open.
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = shown.read(&mut piece) {
                locked(&writes).push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });
        Ok(Self { child, keys, screen })
    }

    /// What stands there, and what was typed with it.
    pub fn shows(&self) -> String {
        locked(&self.screen).clone()
    }

    pub async fn until_it_shows(&self, words: &str, within: Duration) -> anyhow::Result<()> {
        let shown = wait::until(words, within, async || Ok(self.shows().contains(words).then_some(())));
        shown.await.with_context(|| self.shows())
    }

    pub fn types(&mut self, keys: &str) -> anyhow::Result<()> {
        Ok(self.keys.write_all(keys.as_bytes())?)
    }

    pub async fn until_it_ends(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let child = &mut self.child;
        wait::until("the program to end", within, async || Ok(child.try_wait()?)).await
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn locked(screen: &Mutex<String>) -> std::sync::MutexGuard<'_, String> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}
