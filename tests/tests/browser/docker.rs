//! Somebody who answers like Docker and has no image: a download of it goes on and on until it is cancelled.

use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

/// Between two words of a download.
const PACE: Duration = Duration::from_millis(100);
const MEGABYTE: u64 = 1_000_000;

pub struct Docker {
    socket: PathBuf,
    _calls: JoinSet<()>,
}

impl Docker {
    pub fn begin(socket: &Path) -> anyhow::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let mut calls = JoinSet::new();
        calls.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(async move { drop(answer(stream).await) });
            }
        });
        Ok(Self { socket: socket.to_owned(), _calls: calls })
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // It is only tidied up; the folder goes with its test anyway.
        let _ = std::fs::remove_file(&self.socket);
    }
}

async fn answer(mut stream: UnixStream) -> std::io::Result<()> {
    let mut question = vec![0; 8192];
    let length = stream.read(&mut question).await?;
    let question = String::from_utf8_lossy(&question[..length]).into_owned();
    let path = question.split(' ').nth(1).unwrap_or_default();
    // With the version of the API before it, or without.
    let path = match path.strip_prefix("/v1.") {
        Some(rest) => rest.find('/').map_or("", |at| &rest[at..]),
        None => path,
    };
    let (status, body) = match path.split('?').next().unwrap_or_default() {
        "/_ping" => ("200 OK", "OK"),
        "/version" => (
            "200 OK",
            r#"{"Version":"27.9.1","ApiVersion":"1.47","MinAPIVersion":"1.24","Components":[{"Name":"Engine","Version":"27.9.1"}]}"#,
        ),
        "/info" => ("200 OK", r#"{"Driver":"overlay2","OSType":"linux"}"#),
        "/containers/json" | "/networks" => ("200 OK", "[]"),
        "/images/create" => return download(&mut stream).await,
        "/events" => return std::future::pending().await,
        _ => ("404 Not Found", r#"{"message":"No such thing"}"#),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nApi-Version: 1.47\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await
}

/// Until nobody listens any more.
async fn download(stream: &mut UnixStream) -> std::io::Result<()> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        .await?;
    let (mut done, mut pace) = (0, tokio::time::interval(PACE));
    loop {
        pace.tick().await;
        done = (done + MEGABYTE).min(900 * MEGABYTE);
        let news = format!(
            "{{\"status\":\"Downloading\",\"id\":\"a\",\"progressDetail\":{{\"current\":{done},\"total\":{}}}}}\r\n",
            1000 * MEGABYTE
        );
        stream.write_all(news.as_bytes()).await?;
    }
}
