//! Bounds on what a request may carry: so many bytes, and never silent for long.
//!
//! A length that is told and too large is refused before a byte is read. One that is not told is counted
//! while it passes; when it is too much, reading fails and the answer becomes 413 whoever was reading.

use crate::problem::Refusal;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine_client::problem::ErrorCode;
use http::header;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The largest request: a file of 25 MiB and what is around it.
pub const LIMIT: u64 = 32 * 1024 * 1024;
/// How long an upload may stand still.
const SILENCE: Duration = Duration::from_secs(30);

const FINE: u8 = 0;
const TOO_LARGE: u8 = 1;
const SILENT: u8 = 2;

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub bytes: u64,
    pub silence: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: LIMIT, silence: SILENCE }
    }
}

pub async fn bound(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    let told =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if told.is_some_and(|length: u64| length > bounds.bytes) {
        return too_large(bounds);
    }
    let verdict = Arc::new(AtomicU8::new(FINE));
    let request = request.map(|body| {
        let quiet = Box::pin(tokio::time::sleep(bounds.silence));
        Body::new(Bounded {
            body,
            left: bounds.bytes,
            silence: bounds.silence,
            quiet,
            verdict: Arc::clone(&verdict),
        })
    });
    let response = next.run(request).await;
    match verdict.load(Ordering::Relaxed) {
        TOO_LARGE => too_large(bounds),
        SILENT => {
            Refusal::new(ErrorCode::DeadlineExceeded, "the upload stood still; send it again").into_response()
        }
        _ => response,
    }
}

fn too_large(bounds: Bounds) -> Response {
    let mib = bounds.bytes / (1024 * 1024);
    Refusal::new(ErrorCode::TooLarge, format!("a request may have {mib} MiB at most")).into_response()
}

#[derive(Debug, thiserror::Error)]
#[error("the request was cut off")]
struct CutOff;

struct Bounded {
    body: Body,
    left: u64,
    silence: Duration,
    quiet: Pin<Box<Sleep>>,
    verdict: Arc<AtomicU8>,
}

impl Bounded {
    fn cut(&self, why: u8) -> axum::Error {
        self.verdict.store(why, Ordering::Relaxed);
        axum::Error::new(CutOff)
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            ready!(self.quiet.as_mut().poll(context));
            return Poll::Ready(Some(Err(self.cut(SILENT))));
        };
        let next = Instant::now() + self.silence;
        self.quiet.as_mut().reset(next);
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
            match self.left.checked_sub(length) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(self.cut(TOO_LARGE)))),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
