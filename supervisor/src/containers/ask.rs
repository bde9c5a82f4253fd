//! Asks the sockets who listens there: `GET /version`, which every engine of Docker's kind answers.
//!
//! A hung engine costs no more than a moment. Asking may wake one that systemd starts on demand; it is asked
//! for nothing more.

use futures::future::join_all;
use serde::Deserialize;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use web::ports::ContainerEngine;

const PATIENCE: Duration = Duration::from_millis(300);
const LONGEST_ANSWER: u64 = 64 * 1024;
const LONGEST_VERSION: usize = 40;
/// The old version of HTTP, so that the answer comes in one piece.
const QUESTION: &[u8] = b"GET /version HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: String,
}

/// The first that answers; else the first that could be one.
pub async fn all(sockets: &[PathBuf]) -> ContainerEngine {
    let answers = join_all(sockets.iter().map(|socket| one(socket))).await;
    let is = |wanted: fn(&ContainerEngine) -> bool| answers.iter().find(|answer| wanted(answer));
    is(|answer| matches!(answer, ContainerEngine::Docker { .. } | ContainerEngine::Podman { .. }))
        .or_else(|| is(|answer| *answer == ContainerEngine::Closed))
        .or_else(|| is(|answer| *answer == ContainerEngine::Silent))
        .cloned()
        .unwrap_or(ContainerEngine::None)
}

async fn one(socket: &Path) -> ContainerEngine {
    let asking = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(QUESTION).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(answer)) => read(&answer).unwrap_or(ContainerEngine::Silent),
        Ok(Err(error)) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => ContainerEngine::None,
            ErrorKind::PermissionDenied => ContainerEngine::Closed,
            _ => ContainerEngine::Silent,
        },
        Err(_) => ContainerEngine::Silent,
    }
}

fn read(answer: &[u8]) -> Option<ContainerEngine> {
    let body = answer.windows(4).position(|end| end == b"\r\n\r\n").map(|end| &answer[end + 4..])?;
    let found: Version = serde_json::from_slice(body).ok()?;
    let version = found.version.chars().filter(|c| !c.is_control()).take(LONGEST_VERSION).collect();
    let is_podman = found.components.iter().any(|component| component.name.contains("Podman"));
    Some(if is_podman { ContainerEngine::Podman { version } } else { ContainerEngine::Docker { version } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tokio::net::UnixListener;
    use tokio_util::task::TaskTracker;

    const DOCKER: &str = r#"{"Platform":{"Name":"Docker Engine"},"Components":[{"Name":"Engine"}],"Version":"20.10.24","ApiVersion":"1.41"}"#;
    const PODMAN: &str = r#"{"Components":[{"Name":"Podman Engine"}],"Version":"4.3.1"}"#;

    struct Sockets {
        temp: tempfile::TempDir,
        tasks: TaskTracker,
    }

    impl Sockets {
        /// One that answers so, once; `None` never does.
        fn open(&self, name: &str, answer: Option<&str>) -> PathBuf {
            let path = self.temp.path().join(name);
            let listener = UnixListener::bind(&path).expect("a socket");
            let answer =
                answer.map(|body| format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}"));
            self.tasks.spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("somebody asks");
                let mut asked = vec![0; QUESTION.len()];
                stream.read_exact(&mut asked).await.expect("a question");
                assert_eq!(asked, QUESTION);
                match answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).await.expect("written"),
                    None => std::future::pending().await,
                }
            });
            path
        }
    }

    fn sockets() -> Sockets {
        Sockets { temp: tempfile::tempdir().expect("a directory"), tasks: TaskTracker::new() }
    }

    #[tokio::test]
    async fn the_first_that_answers_is_named_and_a_hung_one_is_not_waited_for() {
        let sockets = sockets();
        let hung = sockets.open("hung", None);
        let podman = sockets.open("podman", Some(PODMAN));
        let docker = sockets.open("docker", Some(DOCKER));
        let found = all(&[hung, podman.clone(), docker.clone()]).await;
        assert_eq!(found, ContainerEngine::Podman { version: "4.3.1".to_owned() });
        std::fs::remove_file(&docker).expect("removed");
        let docker = sockets.open("docker", Some(DOCKER));
        let found = all(&[sockets.temp.path().join("nothing"), docker]).await;
        assert_eq!(found, ContainerEngine::Docker { version: "20.10.24".to_owned() });
    }

    #[tokio::test]
    async fn what_is_no_engine_is_told_apart_from_none() {
        let sockets = sockets();
        assert_eq!(all(&[]).await, ContainerEngine::None);
        let absent = sockets.temp.path().join("absent");
        assert_eq!(all(std::slice::from_ref(&absent)).await, ContainerEngine::None);
        let other = sockets.open("other", Some("<h1>hello</h1>"));
        assert_eq!(all(&[absent.clone(), other]).await, ContainerEngine::Silent);
        // A socket that its engine left behind.
        let left = sockets.temp.path().join("left");
        drop(std::os::unix::net::UnixListener::bind(&left).expect("a socket"));
        assert_eq!(all(&[absent, left.clone()]).await, ContainerEngine::Silent);
        let closed = sockets.open("closed", Some(DOCKER));
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).expect("closed");
        let found = all(&[left, closed]).await;
        if rustix::process::geteuid().is_root() {
            assert!(matches!(found, ContainerEngine::Docker { .. }), "root may open it: {found:?}");
        } else {
            assert_eq!(found, ContainerEngine::Closed);
        }
    }
}
