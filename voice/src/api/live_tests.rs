//! A live session over our own transports, with a real recogniser at their end: in this process, and in one of its own
//! that is killed or frozen while somebody speaks.

use super::router::router;
use super::tests::voice_at;
use crate::ears::desk::Settings;
use crate::ears::live::tests::{RATE, pcm, utterances};
use crate::ears::tests::shelf;
use engine_client::principal::{PRINCIPAL, Principal, REQUEST_ID, SECRET};
use engine_client::problem::ErrorCode;
use engine_client::transport::failover::{Contract, failover};
use engine_client::transport::{Transport, in_process::in_process, socket};
use http::{HeaderMap, HeaderValue};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, UnixListener};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::timeout;
use voice_client::live::lasting::Lasting;
use voice_client::live::wire::{LiveEvent, Start};

const SENTENCES: [&str; 2] = ["turn on the light", "what is my name"];
const SOON: Duration = Duration::from_secs(60);
const MODELS: &str = "WHISPERENGINE_TEST_LIVE_MODELS";
const PATH: &str = "WHISPERENGINE_TEST_LIVE_SOCKET";
const AT: &str = "at ";
const VOICE: Contract = Contract { may_repeat: |_, _| true, mark: REQUEST_ID };

fn in_this_process(models: &Path) -> Transport {
    in_process(router(voice_at(models, Settings::default())).into_service::<engine_client::transport::Body>())
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let operator = HeaderValue::try_from(Principal::Operator.to_header()).expect("plain");
    headers.insert(SECRET, HeaderValue::from_static("the secret"));
    headers.insert(PRINCIPAL, operator);
    headers.insert(REQUEST_ID, HeaderValue::from_static("r-1"));
    headers
}

fn lasting(transport: Transport, start: Start) -> Lasting {
    Lasting::new(transport, headers(), start)
}

fn start() -> Start {
    Start { rate: RATE, ..Start::default() }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(SOON, what).await.expect("in time")
}

/// Until it tells what is wanted, or its end.
async fn until(live: &mut Lasting, told: &mut Vec<LiveEvent>, wanted: impl Fn(&LiveEvent) -> bool) {
    let telling = async {
        while let Some(event) = live.next().await {
            let is_wanted = wanted(&event);
            told.push(event);
            if is_wanted {
                return;
            }
        }
    };
    soon(telling).await;
}

/// The sentences, with something that happens when the first one is half said.
async fn say(transport: Transport, midway: impl AsyncFnOnce()) -> Vec<LiveEvent> {
    let (sound, first) = (pcm(&SENTENCES), pcm(&SENTENCES[..1]).len());
    let half = (first - RATE as usize * 3) * 3 / 5 / 2 * 2;
    let (mut live, mut told) = (lasting(transport, start()), Vec::new());
    live.hear(&sound[..half]);
    until(&mut live, &mut told, |event| matches!(event, LiveEvent::Partial { .. })).await;
    midway().await;
    live.hear(&sound[half..]);
    live.end();
    until(&mut live, &mut told, |_| false).await;
    told
}

/// It was one session, as far as anybody can see.
fn is_whole(told: &[LiveEvent]) {
    assert_eq!(utterances(told), SENTENCES, "{told:?}");
    let count = |wanted: fn(&LiveEvent) -> bool| told.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| matches!(event, LiveEvent::Ready)), 1);
    assert_eq!(count(|event| matches!(event, LiveEvent::Began { .. })), 2, "{told:?}");
    assert_eq!(told.last(), Some(&LiveEvent::Done));
}

#[tokio::test]
async fn it_is_the_same_in_this_process_and_over_every_socket() {
    let (root, _) = shelf();
    is_whole(&say(in_this_process(root.path()), async || {}).await);
    for folder in [None, Some(root.path())] {
        let child = Child::start(root.path(), folder).await;
        is_whole(&say(child.transport.clone(), async || {}).await);
    }
}

#[tokio::test]
async fn killed_in_mid_utterance_it_says_the_same_and_nothing_twice() {
    let (root, _) = shelf();
    for folder in [None, Some(root.path())] {
        let mut child = Child::start(root.path(), folder).await;
        let (_hand, transport) = before(&child, root.path());
        let told = say(transport, async || child.process.kill().await.expect("it is ours")).await;
        is_whole(&told);
    }
}

#[tokio::test]
async fn frozen_in_mid_utterance_it_goes_on_elsewhere() {
    let (root, _) = shelf();
    let child = Child::start(root.path(), Some(root.path())).await;
    let (hand, transport) = before(&child, root.path());
    let freeze = async || {
        let pid = child.process.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it lives");
        kill_process(pid, Signal::STOP).expect("it is ours");
        // As whoever watches it does, sooner or later.
        hand.send_replace(None);
    };
    is_whole(&say(transport, freeze).await);
}

#[tokio::test]
async fn what_cannot_be_heard_is_refused_before_it_begins() {
    let (root, _) = shelf();
    let voice = in_this_process(root.path());
    let named = |name: &str| Start { model: Some(name.to_owned()), ..start() };
    for (start, code) in [
        (Start { rate: 0, ..start() }, ErrorCode::Invalid),
        (Start { rate: 96_000, ..start() }, ErrorCode::Invalid),
        (Start { prompt: "a".repeat(5000), ..start() }, ErrorCode::Invalid),
        (Start { language: Some("elvish".to_owned()), ..start() }, ErrorCode::Invalid),
        (Start { language: Some("de".to_owned()), ..start() }, ErrorCode::Invalid),
        (named("other"), ErrorCode::NotFound),
    ] {
        let mut live = lasting(voice.clone(), start);
        let told = soon(live.next()).await;
        assert!(matches!(&told, Some(LiveEvent::Error { problem }) if problem.code == code), "{told:?}");
        assert_eq!(live.next().await, None);
    }
    let mut many: Vec<Lasting> = (0..5).map(|_| lasting(voice.clone(), start())).collect();
    for live in &mut many[..4] {
        assert_eq!(soon(live.next()).await, Some(LiveEvent::Ready));
    }
    let told = soon(many[4].next()).await;
    assert!(
        matches!(&told, Some(LiveEvent::Error { problem }) if problem.code == ErrorCode::TooManyRequests)
    );
    drop(many);
    assert_eq!(soon(lasting(voice, start()).next()).await, Some(LiveEvent::Ready));
}

/// The one in this process stands by.
fn before(child: &Child, models: &Path) -> (watch::Sender<Option<Transport>>, Transport) {
    let hand = watch::Sender::new(Some(child.transport.clone()));
    let transport = failover(hand.subscribe(), in_this_process(models), VOICE, models);
    (hand, transport)
}

struct Child {
    process: tokio::process::Child,
    transport: Transport,
}

impl Child {
    /// Over a Unix socket in the folder, or over TCP.
    async fn start(models: &Path, folder: Option<&Path>) -> Self {
        let (_, module) = module_path!().split_once("::").expect("it is in a package");
        let path = folder.map(|folder| folder.join("socket"));
        let mut process = Command::new(std::env::current_exe().expect("a test is a program"))
            .args([&format!("{module}::this_program_once_more_is_the_service"), "--exact", "--nocapture"])
            .env(MODELS, models)
            .envs(path.iter().map(|path| (PATH, path)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let address = loop {
            let line = soon(lines.next_line()).await.expect("readable").expect("it lives");
            if let Some(address) = line.strip_prefix(AT) {
                break address.to_owned();
            }
        };
        let transport = path.map_or_else(|| socket::tcp(address), socket::unix);
        Self { process, transport }
    }
}

#[tokio::test]
async fn this_program_once_more_is_the_service() {
    let Some(models) = std::env::var_os(MODELS).map(PathBuf::from) else { return };
    let say = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
    let router = router(voice_at(&models, Settings::default()));
    let serving = async {
        if let Some(path) = std::env::var_os(PATH) {
            let listener = UnixListener::bind(path).expect("a free path");
            say(AT);
            return axum::serve(listener, router).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        say(&format!("{AT}{}", listener.local_addr().expect("it is bound")));
        axum::serve(listener, router).await
    };
    tokio::select! {
        served = serving => served.expect("it serves"),
        // Whoever started it is gone.
        _ = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])) => {}
    }
}
