//! Podman on macOS says itself where its machine listens: since version 5 that place has no fixed name.

use super::endpoint::{Candidate, Endpoint, Origin};
use super::places::Around;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST_PATH: u64 = 4096;
const QUESTION: [&str; 4] = ["machine", "inspect", "--format", "{{.ConnectionInfo.PodmanSocket.Path}}"];

/// `None` where there is no such program, no machine, or no answer in time.
pub async fn machine(around: &Around) -> Option<Candidate> {
    if around.platform != "macos" {
        return None;
    }
    let program = around.program("podman")?;
    let path = tokio::time::timeout(PATIENCE, ask(&program, around)).await.ok()??;
    Some(Candidate { endpoint: Endpoint::Socket(path), origin: Origin::Usual("Podman machine") })
}

async fn ask(program: &Path, around: &Around) -> Option<PathBuf> {
    // It is given what it finds its machine by, and none of our secrets.
    let mut child = Command::new(program)
        .args(QUESTION)
        .env_clear()
        .envs(around.variables())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut said = String::new();
    child.stdout.take()?.take(LONGEST_PATH).read_to_string(&mut said).await.ok()?;
    let ended = child.wait().await.ok()?;
    let path = PathBuf::from(said.lines().next()?.trim());
    (ended.success() && path.is_absolute()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::around;
    use super::*;

    /// A `podman` that does this. A shell writes it: a program that we have open ourselves cannot be run.
    async fn asked(platform: &str, script: &str) -> Option<String> {
        let temp = tempfile::tempdir().expect("a directory");
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0/podman" && chmod +x "$0/podman""#;
        let mut shell = std::process::Command::new("sh");
        let written = shell.args(["-c", write]).arg(temp.path()).arg(script).status().expect("a shell");
        assert!(written.success());
        let path = format!("{}:/usr/bin:/bin", temp.path().display());
        let around = around(temp.path(), platform, &[("PATH", &path), ("TMPDIR", "/var/folders/x")]);
        machine(&around).await.map(|found| format!("{} {}", found.origin, found.endpoint))
    }

    #[tokio::test]
    async fn its_machine_is_where_it_says() {
        let says = r#"test "$*" = "machine inspect --format {{.ConnectionInfo.PodmanSocket.Path}}" &&
            echo "$TMPDIR/podman/mine-api.sock""#;
        let found = asked("macos", says).await;
        assert_eq!(found.as_deref(), Some("Podman machine unix:///var/folders/x/podman/mine-api.sock"));
        assert_eq!(asked("linux", says).await, None, "it is asked where it has machines");
        let clean = asked("macos", "env | grep -q '^CARGO' || echo /clean").await;
        assert_eq!(clean.as_deref(), Some("Podman machine unix:///clean"), "it is told nothing of ours");
    }

    #[tokio::test]
    async fn what_it_does_not_say_is_no_place() {
        for script in
            ["", "exit 125", "echo /podman.sock; exit 125", "echo relative.sock", "echo '<no value>'"]
        {
            assert_eq!(asked("macos", script).await, None, "{script}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_hangs_is_not_waited_for() {
        assert_eq!(asked("macos", "exec sleep 600").await, None);
    }
}
