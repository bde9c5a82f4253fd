//! The service in a process of its own, which is this test program once more: what happens to it is what happens to a
//! container.

use super::service::{Manner, Speech, TRANSCRIBE};
use super::world::{BOUND, recording, soon, told};
use crate::transport::{Body, BoxError, Transport, call, socket};
use http::Request;
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, Lines};
use tokio::net::{TcpListener, UnixListener};
use tokio::process::{ChildStderr, Command};
use tokio::task::JoinSet;

#[derive(Clone, Copy, Debug)]
pub enum Socket {
    Tcp,
    Unix,
}

pub struct Child {
    process: tokio::process::Child,
    told: Lines<BufReader<ChildStderr>>,
    pub transport: Transport,
    _folder: Option<tempfile::TempDir>,
}

const PACE: Duration = Duration::from_millis(5);
const MANNER: &str = "WHISPERENGINE_TEST_SPEECH_MANNER";
const PATH: &str = "WHISPERENGINE_TEST_SPEECH_SOCKET";
const AT: &str = "at ";
pub const NAME: &str = "child";

impl Child {
    pub async fn start(socket: Socket, manner: Manner) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a test is a program"));
        command
            .args([&format!("{}::this_program_once_more_is_the_service", place(module_path!()))])
            .args(["--exact", "--nocapture"])
            .env(MANNER, format!("{manner:?}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let folder = matches!(socket, Socket::Unix).then(|| tempfile::tempdir().expect("a folder"));
        let path = folder.as_ref().map(|folder| folder.path().join("socket"));
        command.envs(path.iter().map(|path| (PATH, path)));
        let mut process = command.spawn().expect("it starts");
        let mut told = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let address = until(&mut told, AT).await;
        let transport = match path {
            None => socket::tcp(address),
            Some(path) => socket::unix(path),
        };
        Self { process, told, transport, _folder: folder }
    }

    /// Returns once it has told this.
    pub async fn until(&mut self, word: &str) {
        until(&mut self.told, word).await;
    }

    /// The next it tells of these.
    pub async fn next(&mut self, words: &[&'static str]) -> &'static str {
        loop {
            let line = soon(self.told.next_line()).await.expect("readable").expect("it lives");
            if let Some(word) = words.iter().find(|word| **word == line) {
                return word;
            }
        }
    }

    pub async fn kill(&mut self) {
        self.process.kill().await.expect("it is ours");
    }

    /// It stays where it is, and does nothing: returns once no thread of it runs any more.
    pub async fn freeze(&self) {
        let pid = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it lives");
        kill_process(pid, Signal::STOP).expect("it is ours");
        let stopping = async {
            while !stands_still(pid).expect("it is there") {
                tokio::time::sleep(PACE).await;
            }
        };
        soon(stopping).await;
    }
}

/// One thread hears of the signal first, and until it has had its turn the others go on.
fn stands_still(pid: Pid) -> std::io::Result<bool> {
    for thread in std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()))? {
        // A thread that ends in the meantime does nothing any more.
        let stat = std::fs::read_to_string(thread?.path().join("stat")).unwrap_or_default();
        if !stat.is_empty() && !stat.contains(") T ") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What follows the word on its line.
async fn until(told: &mut Lines<BufReader<ChildStderr>>, word: &str) -> String {
    let found = async {
        while let Some(line) = told.next_line().await.expect("readable") {
            if let Some(rest) = line.strip_prefix(word) {
                return rest.to_owned();
            }
        }
        panic!("it ended before it told: {word}")
    };
    soon(found).await
}

/// As the test program names what is in a module.
pub fn place(module: &str) -> &str {
    module.split_once("::").map_or(module, |(_package, rest)| rest)
}

#[tokio::test]
async fn this_program_once_more_is_the_service() {
    if let Ok(manner) = std::env::var(MANNER) {
        let manner = Manner::ALL.into_iter().find(|known| format!("{known:?}") == manner);
        return serve(manner.expect("a manner")).await;
    }
    for socket in [Socket::Tcp, Socket::Unix] {
        let child = Child::start(socket, Manner::Answers).await;
        let (body, digest) = recording(3);
        let request = Request::post(TRANSCRIBE).body(body).expect("a request");
        let (said, end) = told(call(&child.transport, request)).await;
        assert!(end.is_ok() && said == format!("{NAME} {} {digest}", 3 << 20), "{said}");
    }
}

/// Until whoever started it is gone.
async fn serve(manner: Manner) {
    let say = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
    let speech = Speech::new(NAME, manner, say);
    let serving = async {
        let mut connections = JoinSet::new();
        if let Some(path) = std::env::var_os(PATH).map(PathBuf::from) {
            let listener = UnixListener::bind(&path).expect("a free path");
            say(AT);
            loop {
                let (stream, _) = listener.accept().await.expect("it listens");
                connections.spawn(connection(stream, speech.clone()));
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        say(&format!("{AT}{}", listener.local_addr().expect("it is bound")));
        loop {
            let (stream, _) = listener.accept().await.expect("it listens");
            connections.spawn(connection(stream, speech.clone()));
        }
    };
    tokio::select! {
        () = serving => {}
        _ = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])) => {}
        () = tokio::time::sleep(BOUND * 10) => {}
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, speech: Speech) {
    let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
        let body = |body: hyper::body::Incoming| -> Body { body.map_err(BoxError::from).boxed_unsync() };
        speech.clone().answer(request.map(body))
    });
    // How it ends is for the caller to find out.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
}
