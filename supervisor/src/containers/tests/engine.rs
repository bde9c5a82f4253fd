//! A socket that answers as it is told to.

use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub const DOCKER: &str = r#"{"Components":[{"Name":"Engine"},{"Name":"containerd"}],"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#;
pub const PODMAN: &str = r#"{"Components":[{"Name":"Podman Engine"}],"Version":"4.3.1","ApiVersion":"1.41","MinAPIVersion":"1.24"}"#;
pub const SOUND: &str = r#"{"Driver":"overlay2","DockerRootDir":"/var/lib/docker","CgroupVersion":"2","OSType":"linux","SecurityOptions":["name=seccomp"]}"#;

#[derive(Clone)]
pub struct Mood {
    pub ping: &'static str,
    pub version: String,
    pub info: String,
}

impl Mood {
    pub fn sound(version: &str) -> Self {
        Self { ping: "HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\nOK", version: ok(version), info: ok(SOUND) }
    }

    pub fn with_ping(ping: &'static str) -> Self {
        Self { ping, ..Self::sound(DOCKER) }
    }

    pub fn with_info(info: &str) -> Self {
        Self { info: ok(info), ..Self::sound(DOCKER) }
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}")
}

/// Sockets in a folder, and who listens at them.
pub struct Sockets {
    pub temp: tempfile::TempDir,
    listening: JoinSet<()>,
    /// Calls that hang right now.
    hanging: watch::Sender<usize>,
}

impl Sockets {
    pub fn new() -> Self {
        Self {
            temp: tempfile::tempdir().expect("a directory"),
            listening: JoinSet::new(),
            hanging: watch::Sender::new(0),
        }
    }

    pub fn root(&self) -> &Path {
        self.temp.path()
    }

    /// `None` takes calls and never answers.
    pub fn open(&mut self, name: &str, mood: Option<Mood>) -> PathBuf {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let listener = UnixListener::bind(&path).expect("a socket");
        let hanging = self.hanging.clone();
        self.listening.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                calls.spawn(answer(stream, mood.clone(), hanging.clone()));
            }
        });
        path
    }

    /// Until so many calls hang at the same time.
    pub async fn until_hanging(&self, count: usize) {
        let mut hanging = self.hanging.subscribe();
        hanging.wait_for(|now| *now == count).await.expect("the sender lives as long as the sockets");
    }

    /// A socket that its engine left behind.
    pub fn leave(&self, name: &str) -> PathBuf {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
        path
    }
}

async fn answer(mut stream: UnixStream, mood: Option<Mood>, hanging: watch::Sender<usize>) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut asked).await.is_ok_and(|count| count == 0) {
            return;
        }
    }
    let Some(mood) = mood else {
        hanging.send_modify(|count| *count += 1);
        // Until whoever asked has had enough; how that ends does not matter.
        let _ = stream.read_buf(&mut asked).await;
        return hanging.send_modify(|count| *count -= 1);
    };
    let asked = String::from_utf8_lossy(&asked);
    let answer = match asked.split(' ').nth(1) {
        Some("/_ping") => mood.ping,
        Some("/version") => &mood.version,
        Some("/info") => &mood.info,
        other => panic!("nobody asks for {other:?}"),
    };
    // Whoever has seen enough may be gone.
    let _ = stream.write_all(answer.as_bytes()).await;
}
