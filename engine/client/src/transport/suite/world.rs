//! A child that is preferred, a service in this process that stands by, and a caller before both.

use super::child::{Child, Socket};
use super::service::{CONTRACT, Manner, SPEAK, Speech, hex};
use crate::transport::failover::failover;
use crate::transport::in_process::in_process;
use crate::transport::{Body, Transport, TransportError, call};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Longer than anything here takes, shorter than anybody waits for a test.
pub const BOUND: Duration = Duration::from_secs(20);
pub const STANDBY: &str = "standby";
/// What `told` says first of a call that got no answer at all.
pub const NEVER_BEGAN: &str = "no answer: ";
const PIECE: usize = 64 * 1024;

/// Runs a test over TCP and over a Unix socket.
macro_rules! over_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn over_tcp() {
                super::$name(crate::transport::suite::child::Socket::Tcp).await;
            }

            #[tokio::test]
            async fn over_a_unix_socket() {
                super::$name(crate::transport::suite::child::Socket::Unix).await;
            }
        }
    )+};
}
pub(super) use over_both;

pub struct World {
    pub child: Child,
    pub hand: watch::Sender<Option<Transport>>,
    standby: Speech,
    /// What the one that stands by told.
    pub told: mpsc::UnboundedReceiver<&'static str>,
    pub transport: Transport,
}

impl World {
    pub async fn start(socket: Socket, preferred: Manner) -> Self {
        Self::with_standby(socket, preferred, Manner::Answers).await
    }

    pub async fn with_standby(socket: Socket, preferred: Manner, standby: Manner) -> Self {
        let child = Child::start(socket, preferred).await;
        let hand = watch::Sender::new(Some(child.transport.clone()));
        let (tell, told) = mpsc::unbounded_channel();
        let standby = Speech::new(STANDBY, standby, move |word| {
            // A test that has seen enough reads no more.
            let _ = tell.send(word);
        });
        let answering = standby.clone();
        let answer = tower::service_fn(move |request| answering.clone().answer(request));
        let transport = failover(hand.subscribe(), in_process(answer), CONTRACT, &std::env::temp_dir());
        Self { child, hand, standby, told, transport }
    }

    pub fn send(&self, path: &str, body: Body) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        call(&self.transport, Request::post(path).body(body).expect("a request"))
    }

    pub fn speak(&self) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        self.send(SPEAK, text("good evening"))
    }

    /// How many calls came to the one that stands by.
    pub fn stood_in(&self) -> usize {
        self.standby.calls.load(Ordering::SeqCst)
    }

    pub async fn until_standby(&mut self, word: &str) {
        let found = async { while self.told.recv().await.expect("it can tell") != word {} };
        soon(found).await;
    }
}

pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, what).await.expect("it takes a moment")
}

/// What was said, and how it ended.
pub async fn told(
    asking: impl Future<Output = Result<Response<Body>, TransportError>>,
) -> (String, Result<(), String>) {
    let answered = match soon(asking).await {
        Ok(answered) => answered,
        Err(error) => return (String::new(), Err(format!("{NEVER_BEGAN}{error}"))),
    };
    let (mut body, mut said) = (answered.into_body(), Vec::new());
    let end = loop {
        match soon(body.frame()).await {
            None => break Ok(()),
            Some(Err(error)) => break Err(error.to_string()),
            Some(Ok(frame)) => said.extend(frame.into_data().expect("no trailers")),
        }
    };
    (String::from_utf8(said).expect("text"), end)
}

pub fn text(text: &'static str) -> Body {
    http_body_util::Full::new(Bytes::from_static(text.as_bytes()))
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// That many mebibytes, made while they are read, with their digest.
pub fn recording(mebibytes: usize) -> (Body, String) {
    let (body, digest, _gate) = halting(mebibytes, usize::MAX);
    (body, digest)
}

/// The same, and after some of it there is a halt until the gate is opened.
pub fn halting(mebibytes: usize, halt_after: usize) -> (Body, String, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let (pieces, halt) = (mebibytes * ((1 << 20) / PIECE), halt_after.saturating_mul((1 << 20) / PIECE));
    let mut digest = Sha256::new();
    (0..pieces).for_each(|number| digest.update(piece(number)));
    let before = Arc::clone(&gate);
    let stream = futures::stream::unfold(0, move |number| {
        let gate = Arc::clone(&before);
        async move {
            if number == pieces {
                gate.ended.send_replace(true);
                return None;
            }
            if number == halt {
                gate.pass().await;
            }
            Some((Ok(Frame::data(piece(number))), number + 1))
        }
    });
    (StreamBody::new(stream).boxed_unsync(), hex(digest), gate)
}

/// No two alike.
fn piece(number: usize) -> Bytes {
    let mut bytes = vec![number as u8; PIECE];
    bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Bytes::from(bytes)
}

#[derive(Default)]
pub struct Gate {
    open: watch::Sender<bool>,
    /// Whether everything was read.
    ended: watch::Sender<bool>,
}

impl Gate {
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    async fn pass(&self) {
        self.open.subscribe().wait_for(|open| *open).await.expect("the gate stays");
    }

    pub async fn ended(&self) {
        soon(self.ended.subscribe().wait_for(|ended| *ended)).await.expect("the gate stays");
    }
}
