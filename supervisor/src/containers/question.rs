//! One `GET` to an engine's socket, and how it went: what tells apart an engine that is not there, one that
//! is closed to us, one that is not ready and something else.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

const LONGEST_ANSWER: u64 = 256 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub enum Silence {
    /// There is no such place.
    Absent,
    /// We may not open it.
    Closed,
    /// The place is there, and nobody listens.
    Refused,
    /// It took the call and said nothing that makes sense in time.
    Mute,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub api_version: Option<String>,
    pub body: Vec<u8>,
}

/// A hung engine costs no more than `patience`.
pub async fn ask(socket: &Path, path: &str, patience: Duration) -> Result<Answer, Silence> {
    let asking = async {
        // Whoever cannot look at it is told so: a folder that is closed hides what is in it.
        tokio::fs::metadata(socket).await.map_err(|error| silence(error.kind()))?;
        let stream = UnixStream::connect(socket).await.map_err(|error| silence(error.kind()))?;
        exchange(stream, path).await
    };
    tokio::time::timeout(patience, asking).await.unwrap_or(Err(Silence::Mute))
}

fn silence(kind: ErrorKind) -> Silence {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Silence::Absent,
        ErrorKind::PermissionDenied => Silence::Closed,
        ErrorKind::ConnectionRefused => Silence::Refused,
        _ => Silence::Mute,
    }
}

/// In the old version of HTTP, so that the answer comes in one piece.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> Result<Answer, Silence> {
    let question = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n");
    let asking = async {
        stream.write_all(question.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = asking.await.map_err(|_| Silence::Mute)?;
    if answer.is_empty() {
        return Err(Silence::Mute);
    }
    // What is no HTTP has no status, and is no engine either.
    Ok(read(&answer).unwrap_or(Answer { status: 0, api_version: None, body: Vec::new() }))
}

fn read(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = rest.split("\r\n").filter_map(|line| line.split_once(':'));
    let api_version = headers.find(|(name, _)| name.eq_ignore_ascii_case("api-version"));
    let api_version = api_version.map(|(_, value)| value.trim().to_owned());
    Some(Answer { status, api_version, body: answer[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_its_version_and_its_body() {
        let answer =
            read(b"HTTP/1.0 200 OK\r\nServer: x\r\nAPI-Version: 1.41 \r\n\r\nOK").expect("an answer");
        assert_eq!((answer.status, answer.api_version.as_deref()), (200, Some("1.41")));
        assert_eq!(answer.body, b"OK");
        let bare = read(b"HTTP/1.1 503 Busy\r\n\r\n").expect("an answer");
        assert_eq!((bare.status, bare.api_version), (503, None));
        for other in
            [&b"SSH-2.0-x\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\n", b"\xff\xfe\r\n\r\n", b"HTTP/1.1\r\n\r\n"]
        {
            assert!(read(other).is_none(), "{other:?}");
        }
    }
}
