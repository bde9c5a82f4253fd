//! One exchange with whoever listens: it begins once, and breaks off where they do.

use super::wire::{LiveEvent, START, Start};
use crate::contract::LIVE;
use bytes::Bytes;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::transport::{Body, BoxError, Transport, TransportError, call};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

/// An event with a long utterance in it.
const LONGEST_LINE: usize = 64 * 1024;

/// What comes back.
pub struct Down {
    body: Body,
    line: Vec<u8>,
}

/// Why there is no exchange.
#[derive(Debug)]
pub enum Refused {
    Lost(TransportError),
    With(Problem),
}

/// It ended before its last event.
#[derive(Debug)]
pub struct BrokeOff;

/// `headers` say for whom.
pub fn open(
    transport: &Transport,
    headers: &HeaderMap,
    start: &Start,
    sound: impl Stream<Item = Bytes> + Send + 'static,
) -> BoxFuture<'static, Result<Down, Refused>> {
    let answer = call(transport, request(headers, start, sound));
    let opening = async {
        let answer = answer.await.map_err(Refused::Lost)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(Down { body: answer.into_body(), line: Vec::new() });
        }
        let told = refusal(answer.into_body()).await;
        Err(Refused::With(told.unwrap_or_else(|| Problem::new(ErrorCode::Internal, status.to_string()))))
    };
    opening.boxed()
}

async fn refusal(mut body: Body) -> Option<Problem> {
    let mut told = Vec::new();
    while let Some(frame) = body.frame().await {
        told.extend(frame.ok()?.into_data().unwrap_or_default());
        if told.len() > LONGEST_LINE {
            return None;
        }
    }
    serde_json::from_slice(&told).ok()
}

fn request(
    headers: &HeaderMap,
    start: &Start,
    sound: impl Stream<Item = Bytes> + Send + 'static,
) -> Request<Body> {
    let frames = sound.map(|piece| Ok::<_, BoxError>(Frame::data(piece)));
    let mut request = Request::post(LIVE).body(StreamBody::new(frames).boxed_unsync()).expect("a request");
    headers.clone_into(request.headers_mut());
    let start = HeaderValue::try_from(start.to_header()).expect("letters and digits");
    request.headers_mut().insert(START, start);
    request
}

impl Down {
    /// Cancel-safe.
    pub async fn next(&mut self) -> Result<LiveEvent, BrokeOff> {
        loop {
            if let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.line.drain(..=end).collect();
                return serde_json::from_slice(&line).map_err(|_| BrokeOff);
            }
            if self.line.len() > LONGEST_LINE {
                return Err(BrokeOff);
            }
            let frame = self.body.frame().await.and_then(Result::ok).ok_or(BrokeOff)?;
            self.line.extend(frame.into_data().unwrap_or_default());
        }
    }
}
