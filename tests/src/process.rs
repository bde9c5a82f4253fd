//! The program as a user starts it: on its own data directory, in its own process.
//!
//! A `Home` outlives its processes, so a story can kill one and start the next on the same data. A
//! process that a test leaves behind is killed with everything it started.

use crate::{binary, http, process_tree, wait};
use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A data directory, a `$HOME` beside it, and the environment the program is started with.
pub struct Home {
    directory: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    /// An empty one. Nothing of this machine's environment reaches the program but `PATH`.
    pub fn new() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("whisperengine-test-").tempdir()?;
        let path = std::env::var_os("PATH").context("there is no PATH")?;
        let environment = vec![
            ("PATH".into(), path),
            ("HOME".into(), directory.path().into()),
            ("WHISPERENGINE_DATA_DIR".into(), directory.path().join("data").into()),
            ("RUST_BACKTRACE".into(), "1".into()),
        ];
        Ok(Self { directory, environment })
    }

    /// What every process of this home has said so far.
    pub fn said(&self) -> anyhow::Result<String> {
        let mut said = String::new();
        for output in std::fs::read_dir(self.directory.path().join("outputs"))? {
            said.push_str(&read(&output?.path())?);
        }
        Ok(said)
    }

    /// For every process started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A place for files of the story itself.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Starts a command that stays, such as `up`.
    pub fn start(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        self.start_under(&[], arguments)
    }

    /// The same through another program that runs it, such as `strace`.
    pub fn start_under(&self, wrapper: &[&str], arguments: &[&str]) -> anyhow::Result<Process> {
        let (stdout, stderr) = self.new_outputs()?;
        let mut command = self.command(arguments)?;
        if let [program, words @ ..] = wrapper {
            let mut around = Command::new(program);
            around.args(words).arg(command.get_program()).args(command.get_args()).env_clear();
            around.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
            around.current_dir(self.directory.path());
            command = around;
        }
        Process::spawn(command, stdout, stderr)
    }

    /// Starts another program that a story needs, such as a browser, with this home's environment.
    pub fn start_neighbour(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> anyhow::Result<Process> {
        let (stdout, stderr) = self.new_outputs()?;
        let mut command = Command::new(program);
        command.args(arguments);
        Process::spawn(self.at_home(command), stdout, stderr)
    }

    /// Runs a command that ends, such as `status`, with nothing on its input.
    pub async fn run(&self, arguments: &[&str], within: Duration) -> anyhow::Result<Finished> {
        let mut process = self.start(arguments)?;
        let status = process.wait_for_exit(within).await?;
        Ok(Finished { status, stdout: process.stdout()?, stderr: process.stderr()? })
    }

    /// The program with this home's environment, for a story that needs its own pipes.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(binary::whisperengine()?);
        command.args(arguments);
        Ok(self.at_home(command))
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.directory.path());
        command
    }

    /// Each process keeps its own output, so what an earlier one said is not taken for news.
    fn new_outputs(&self) -> anyhow::Result<(PathBuf, PathBuf)> {
        let outputs = self.directory.path().join("outputs");
        std::fs::create_dir_all(&outputs)?;
        let number = std::fs::read_dir(&outputs)?.count();
        Ok((outputs.join(format!("{number:04}.stdout")), outputs.join(format!("{number:04}.stderr"))))
    }
}

/// A running program. Killed, with its descendants, when dropped.
pub struct Process {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    fn spawn(mut command: Command, stdout: PathBuf, stderr: PathBuf) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout)?)
            .stderr(File::create(&stderr)?)
            .spawn()
            .context("the program could not be started")?;
        Ok(Self { child, stdout, stderr })
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Everything it has printed so far.
    pub fn stdout(&self) -> anyhow::Result<String> {
        read(&self.stdout)
    }

    /// Everything it has logged so far.
    pub fn stderr(&self) -> anyhow::Result<String> {
        read(&self.stderr)
    }

    /// The first finished line, on either output, that contains `wanted`.
    pub async fn wait_for_line(&mut self, wanted: &str, within: Duration) -> anyhow::Result<String> {
        let what = format!("a line with {wanted:?}");
        self.wait(&what, within, async |process| {
            let said = process.stdout()? + &process.stderr()?;
            Ok(said
                .split_inclusive('\n')
                .find(|line| line.ends_with('\n') && line.contains(wanted))
                .map(|line| line.trim_end().to_owned()))
        })
        .await
    }

    /// Until `/health` at `address` answers 200; returns its body.
    pub async fn wait_for_health(&mut self, address: SocketAddr, within: Duration) -> anyhow::Result<String> {
        self.wait_for_answer(address, "/health", within).await
    }

    /// Until `path` at `address` answers with success; returns its body.
    pub async fn wait_for_answer(
        &mut self,
        address: SocketAddr,
        path: &str,
        within: Duration,
    ) -> anyhow::Result<String> {
        let what = format!("http://{address}{path}");
        self.wait(&what, within, async |_| {
            // Refused is the answer of a program that is not up yet.
            let Ok(answer) = http::get(address, path).await else { return Ok(None) };
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            Ok(answer.status().is_success().then_some(body))
        })
        .await
    }

    /// Until it has ended by itself or by a signal sent before.
    pub async fn wait_for_exit(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let ended = wait::until("the program to end", within, async || Ok(self.child.try_wait()?)).await;
        ended.with_context(|| self.last_words())
    }

    /// SIGKILL to the program alone, as the kernel's memory killer does it, and waits until it is gone.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "the program had ended before; {}", self.last_words());
        self.signal(Signal::KILL)?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGSTOP: it hangs, with all its connections open, until `resume`.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    /// SIGTERM: the polite request to end.
    pub fn terminate(&self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)
    }

    /// SIGINT: what Ctrl-C sends.
    pub fn interrupt(&self) -> anyhow::Result<()> {
        self.signal(Signal::INT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process(self.pid(), signal).with_context(|| format!("could not send {signal:?}"))
    }

    /// Waits for a condition, and fails at once, with what it said last, where the program has ended.
    async fn wait<T>(
        &mut self,
        what: &str,
        within: Duration,
        condition: impl AsyncFn(&Self) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let met = wait::until(what, within, async || {
            let ended = self.child.try_wait()?;
            // Asked after the look at the process, so that last words are not missed.
            match (condition(self).await?, ended) {
                (Some(value), _) => Ok(Some(value)),
                (None, Some(status)) => bail!("the program ended ({status}) before {what}"),
                (None, None) => Ok(None),
            }
        })
        .await;
        met.with_context(|| self.last_words())
    }

    fn last_words(&self) -> String {
        let mut words = String::from("its last words:");
        for output in [&self.stdout, &self.stderr] {
            let said = read(output).unwrap_or_else(|error| error.to_string());
            // How often it was asked says nothing about why it did not answer otherwise.
            let lines: Vec<&str> = said.lines().filter(|line| !line.contains("answered a request")).collect();
            for line in &lines[lines.len().saturating_sub(20)..] {
                words.push_str("\n  | ");
                words.push_str(line);
            }
        }
        words
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            for pid in process_tree::members(self.pid()).unwrap_or_default() {
                // It may have ended in the meantime, which is what is wanted.
                kill_process(pid, Signal::KILL).ok();
            }
            self.child.wait().ok();
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A shell stands in for the program: what is tested here is the harness.
    fn shell(script: &str) -> anyhow::Result<(tempfile::TempDir, Process)> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let outputs = (directory.path().join("stdout"), directory.path().join("stderr"));
        let process = Process::spawn(command, outputs.0, outputs.1)?;
        Ok((directory, process))
    }

    /// The state letter of `/proc/N/stat`: `T` is stopped.
    fn state(pid: Pid) -> anyhow::Result<Option<char>> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))?;
        Ok(stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()))
    }

    #[tokio::test]
    async fn a_paused_program_stands_still_until_it_is_resumed() -> anyhow::Result<()> {
        let (_directory, mut process) = shell("echo ready; read -r nothing < /dev/zero")?;
        assert_eq!(process.wait_for_line("ready", SOON).await?, "ready");
        process.pause()?;
        let pid = process.pid();
        wait::until("SIGSTOP to arrive", SOON, async || Ok((state(pid)? == Some('T')).then_some(()))).await?;
        process.resume()?;
        wait::until("SIGCONT to arrive", SOON, async || Ok((state(pid)? != Some('T')).then_some(()))).await?;
        process.kill()
    }

    #[tokio::test]
    async fn waiting_fails_at_once_with_the_last_words_of_a_program_that_ended() -> anyhow::Result<()> {
        let (_directory, mut process) = shell("echo the disk is on fire >&2; exit 3")?;
        let failure = process.wait_for_line("ready", SOON).await.expect_err("it never gets ready");
        let told = format!("{failure:#}");
        assert!(told.contains("the disk is on fire") && told.contains("exit status: 3"), "{told}");
        Ok(())
    }

    #[tokio::test]
    async fn a_dropped_program_takes_its_children_with_it() -> anyhow::Result<()> {
        let (_directory, mut process) = shell("sleep 600 & echo child $!; wait")?;
        let line = process.wait_for_line("child ", SOON).await?;
        let child = line.trim_start_matches("child ").parse().ok().and_then(Pid::from_raw);
        let child = child.context("the shell named no child")?;
        drop(process);
        wait::until("the child to be gone", SOON, async || {
            // Gone, or dead and not yet buried by whoever adopted it.
            Ok(matches!(state(child), Err(_) | Ok(Some('Z' | 'X'))).then_some(()))
        })
        .await
    }
}
