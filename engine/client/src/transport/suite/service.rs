//! A service shaped like speech, and what it can do wrong.

use crate::transport::failover::Contract;
use crate::transport::{Body, BoxError};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Takes a recording, answers with its length and its digest.
pub const TRANSCRIBE: &str = "/transcriptions";
/// Takes a text, answers with a long sound.
pub const SPEAK: &str = "/speech";
/// As `TRANSCRIBE`, and twice is not once.
pub const KEEP: &str = "/recordings";

const MARK: &str = "x-speech";
pub const CONTRACT: Contract = Contract { may_repeat, mark: MARK };

fn may_repeat(_: &Method, path: &str) -> bool {
    path != KEEP
}

/// A sound is that many pieces; half of them are said before a service stops in the middle.
const PIECES: usize = 64;
const PIECE: usize = 16 * 1024;
const MIB: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Answers,
    /// Listens to a piece and then no more.
    StopsListening,
    /// Listens to everything and says nothing.
    StaysSilent,
    /// Says half of its answer.
    StopsSpeaking,
    /// Somebody else, who knows no such path.
    IsStrange,
    /// The same, and does not even listen.
    IsStrangeAtOnce,
    /// Answers without listening, and lets its caller go on.
    AnswersAtOnce,
    /// One call after the other is answered, not listened to, listened to, half answered.
    EachItsOwn,
}

impl Manner {
    pub const ALL: [Self; 8] = [
        Self::Answers,
        Self::StopsListening,
        Self::StaysSilent,
        Self::StopsSpeaking,
        Self::IsStrange,
        Self::IsStrangeAtOnce,
        Self::AnswersAtOnce,
        Self::EachItsOwn,
    ];
}

/// What it tells while it works.
pub const ASKED: &str = "asked";
pub const LISTENS: &str = "listens";
pub const HOLDS: &str = "holds";
pub const ANSWERED: &str = "answered";
pub const LEFT: &str = "left";

#[derive(Clone)]
pub struct Speech {
    pub name: &'static str,
    pub manner: Manner,
    pub tell: Arc<dyn Fn(&'static str) + Send + Sync>,
    pub calls: Arc<AtomicUsize>,
    /// Bodies that it will not read, while their senders still send.
    unheard: Arc<Mutex<Vec<Body>>>,
}

/// Tells when its caller has gone before the end.
struct Listening {
    tell: Arc<dyn Fn(&'static str) + Send + Sync>,
    is_done: bool,
}

impl Listening {
    fn done(&mut self) {
        self.is_done = true;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        (self.tell)(if self.is_done { ANSWERED } else { LEFT });
    }
}

impl Speech {
    pub fn new(
        name: &'static str,
        manner: Manner,
        tell: impl Fn(&'static str) + Send + Sync + 'static,
    ) -> Self {
        Self { name, manner, tell: Arc::new(tell), calls: Arc::default(), unheard: Arc::default() }
    }

    pub async fn answer(self, request: Request<Body>) -> Result<Response<Body>, Infallible> {
        let manner = self.manner();
        (self.tell)(ASKED);
        let mut listening = Listening { tell: Arc::clone(&self.tell), is_done: false };
        if manner == Manner::IsStrangeAtOnce {
            listening.done();
            return Ok(strange());
        }
        let (parts, mut body) = request.into_parts();
        let (mut digest, mut length) = (Sha256::new(), 0);
        if manner == Manner::AnswersAtOnce {
            let body = std::mem::take(&mut body);
            self.unheard.lock().expect("nobody panics with it").push(body);
        }
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map(|frame| frame.into_data().unwrap_or_default()) else {
                return Ok(strange());
            };
            if manner == Manner::StopsListening {
                return self.hold().await;
            }
            if length / MIB < (length + piece.len()) / MIB {
                (self.tell)(LISTENS);
            }
            length += piece.len();
            digest.update(&piece);
        }
        match manner {
            Manner::StaysSilent => return self.hold().await,
            Manner::IsStrange => {
                listening.done();
                return Ok(strange());
            }
            _ => {}
        }
        let answer = if parts.uri.path() == SPEAK {
            sound(self.name)
        } else {
            let words = [self.name.to_owned(), format!(" {length}"), format!(" {}", hex(digest))];
            words.map(Bytes::from).to_vec()
        };
        let until = if manner == Manner::StopsSpeaking { answer.len() / 2 } else { answer.len() };
        let saying = Saying { answer, next: 0, until, listening, tell: self.tell };
        let mut answer = Response::new(StreamBody::new(saying.stream()).boxed_unsync());
        answer.headers_mut().insert(MARK, HeaderValue::from_static("1"));
        Ok(answer)
    }

    fn manner(&self) -> Manner {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.manner {
            Manner::EachItsOwn => Manner::ALL[call % 4],
            manner => manner,
        }
    }

    async fn hold(&self) -> Result<Response<Body>, Infallible> {
        (self.tell)(HOLDS);
        std::future::pending().await
    }
}

struct Saying {
    answer: Vec<Bytes>,
    next: usize,
    until: usize,
    listening: Listening,
    tell: Arc<dyn Fn(&'static str) + Send + Sync>,
}

impl Saying {
    fn stream(self) -> impl futures::Stream<Item = Result<Frame<Bytes>, BoxError>> + Send {
        futures::stream::unfold(self, |mut saying| async move {
            if saying.next == saying.answer.len() {
                saying.listening.done();
                return None;
            }
            if saying.next == saying.until {
                (saying.tell)(HOLDS);
                std::future::pending::<()>().await;
            }
            let piece = saying.answer[saying.next].clone();
            saying.next += 1;
            Some((Ok(Frame::data(piece)), saying))
        })
    }
}

fn strange() -> Response<Body> {
    let mut answer = Response::new(Body::default());
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

/// No two services sound alike.
pub fn sound(name: &str) -> Vec<Bytes> {
    let piece = |number: usize| format!("{name}{number} ").repeat(PIECE).into_bytes();
    (0..PIECES).map(|number| Bytes::from(piece(number)).slice(..PIECE)).collect()
}

pub fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
