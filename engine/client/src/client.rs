//! The engine, as its callers see it: one method per route, typed both ways.

use crate::events::{Place, TurnEvent};
use crate::principal::{DEADLINE_MS, PRINCIPAL, Principal, REQUEST_ID, SECRET};
use crate::problem::{ErrorCode, Problem};
use crate::sse::{SseEvent, SseParser};
use crate::transport::{self, Body, BoxError, Transport, TransportError};
use crate::wire::completions::{Completion, CompletionEvent};
use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::{Stream, StreamExt, stream};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::time::Duration;
use uuid::Uuid;

/// The largest JSON answer a caller will hold.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
/// The largest single event: a finished turn with its text.
const EVENT_LIMIT: usize = 8 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The engine said no, and why.
    #[error("{}", .0.detail)]
    Refused(Problem),
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The answer began and did not end.
    #[error("the engine broke off in the middle of its answer: {0}")]
    Interrupted(String),
    #[error("the engine did not answer within {0:?}")]
    TimedOut(Duration),
    /// Not what the contract says: two versions that do not fit.
    #[error("the engine's answer is not what the contract says: {0}")]
    Nonsense(String),
}

impl ClientError {
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            _ => None,
        }
    }
}

/// Cheap to clone; `acting_as` gives one that speaks for somebody else.
#[derive(Clone)]
pub struct EngineClient {
    transport: Transport,
    /// `None` over the control socket, whose server vouches for its peer by user id.
    secret: Option<String>,
    principal: Principal,
    request_id: Option<String>,
    patience: Duration,
}

impl EngineClient {
    pub fn new(transport: Transport, secret: Option<String>, principal: Principal) -> Self {
        Self { transport, secret, principal, request_id: None, patience: Duration::from_secs(30) }
    }

    /// For whom it asks.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    #[must_use]
    pub fn acting_as(&self, principal: Principal) -> Self {
        Self { principal, ..self.clone() }
    }

    #[must_use]
    pub fn with_request_id(&self, id: impl Into<String>) -> Self {
        Self { request_id: Some(id.into()), ..self.clone() }
    }

    /// How long one call may take, upload and answer included; event streams have no end.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.json(Method::GET, path, None::<&()>).await
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.json(Method::POST, path, Some(body)).await
    }

    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.json(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        let request = self.request(Method::DELETE, path, empty());
        self.exchange(request).await.map(drop)
    }

    /// Streams `content` up; the answer comes when it is stored.
    pub async fn upload<T, S>(&self, path: &str, media_type: &str, content: S) -> Result<T, ClientError>
    where
        T: DeserializeOwned,
        S: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        let body = StreamBody::new(content.map(|chunk| chunk.map(http_body::Frame::data))).boxed_unsync();
        let mut request = self.request(Method::POST, path, body);
        let media_type = media_type
            .parse()
            .map_err(|_| ClientError::Nonsense(format!("`{media_type}` is not a media type")))?;
        request.headers_mut().insert(header::CONTENT_TYPE, media_type);
        from_json(&self.answer(request).await?)
    }

    /// The answer's bytes as they come.
    pub async fn download(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, ClientError>> + Send + 'static, ClientError> {
        let request = self.request(Method::GET, path, empty());
        let response = self.exchange(request).await?;
        Ok(pieces(response))
    }

    /// The same for an answer to something.
    pub async fn download_for(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<impl Stream<Item = Result<Bytes, ClientError>> + Send + 'static, ClientError> {
        let response = self.exchange(self.document(Method::POST, path, body)?).await?;
        Ok(pieces(response))
    }

    /// Follows a turn from a place in its text. An error, or an end without `done`, means interrupted:
    /// follow again from the last place.
    pub async fn follow(
        &self,
        turn: Uuid,
        from: Place,
    ) -> Result<impl Stream<Item = Result<TurnEvent, ClientError>> + Send + Unpin + 'static, ClientError>
    {
        let path = format!("/api/v1/turns/{turn}/events?from={from}");
        let request = self.request(Method::GET, &path, empty());
        Ok(events(self.exchange(request).await?, turn_event))
    }

    /// Asks a model directly. Dropping the answer cancels it; an error, or an end without `done` or
    /// `error`, means interrupted.
    pub async fn complete(
        &self,
        completion: &Completion,
    ) -> Result<impl Stream<Item = Result<CompletionEvent, ClientError>> + Send + Unpin + 'static, ClientError>
    {
        let request = self.document(Method::POST, "/api/v1/completions", completion)?;
        let known = |event: &SseEvent| CompletionEvent::from_parts(&event.name, &event.data);
        Ok(events(self.exchange(request).await?, known))
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let request = match body {
            None => self.request(method, path, empty()),
            Some(body) => self.document(method, path, body)?,
        };
        from_json(&self.answer(request).await?)
    }

    fn document(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Request<Body>, ClientError> {
        let bytes = serde_json::to_vec(body).map_err(|e| ClientError::Nonsense(e.to_string()))?;
        let content = Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync();
        let mut request = self.request(method, path, content);
        let json = header::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(request)
    }

    fn request(&self, method: Method, path: &str, body: Body) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(PRINCIPAL, self.principal.to_header())
            .header(DEADLINE_MS, self.patience.as_millis().to_string());
        if let Some(secret) = &self.secret {
            request = request.header(SECRET, secret);
        }
        if let Some(id) = &self.request_id {
            request = request.header(REQUEST_ID, id);
        }
        request.body(body).expect("paths are made of our own words and ids")
    }

    /// The head of a good answer. This future and the next are boxed and own what they hold: left to the
    /// compiler, a body's boxed error makes a future that it cannot prove to be `Send` in a handler.
    fn exchange(&self, request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, ClientError>> {
        let (sent, patience) = (transport::call(&self.transport, request), self.patience);
        Box::pin(within(patience, async { checked(sent.await?).await }))
    }

    /// A whole good answer.
    fn answer(&self, request: Request<Body>) -> BoxFuture<'static, Result<Bytes, ClientError>> {
        let (sent, patience) = (transport::call(&self.transport, request), self.patience);
        Box::pin(within(patience, async { whole(checked(sent.await?).await?).await }))
    }
}

fn pieces(
    response: Response<Body>,
) -> impl Stream<Item = Result<Bytes, ClientError>> + Send + use<> + 'static {
    let frames = response.into_body().into_data_stream();
    frames.map(|frame| frame.map_err(|error| ClientError::Interrupted(error.to_string())))
}

async fn within<T>(
    patience: Duration,
    call: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::time::timeout(patience, call).await.map_err(|_| ClientError::TimedOut(patience))?
}

fn empty() -> Body {
    http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Passes a good response on, and turns any other into the problem it carries.
async fn checked(response: Response<Body>) -> Result<Response<Body>, ClientError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let bytes = collect(response.into_body()).await?;
    match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) => Err(ClientError::Refused(problem)),
        Err(_) => Err(ClientError::Nonsense(format!("status {status} without a problem document"))),
    }
}

async fn whole(response: Response<Body>) -> Result<Bytes, ClientError> {
    let status = response.status();
    let bytes = collect(response.into_body()).await?;
    Ok(if status == StatusCode::NO_CONTENT { Bytes::from_static(b"null") } else { bytes })
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(bytes).map_err(|error| ClientError::Nonsense(error.to_string()))
}

async fn collect(mut body: Body) -> Result<Bytes, ClientError> {
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ClientError::Interrupted(error.to_string()))?;
        let Ok(bytes) = frame.into_data() else { continue };
        if collected.len() + bytes.len() > ANSWER_LIMIT {
            return Err(ClientError::Nonsense(format!("the answer is larger than {ANSWER_LIMIT} bytes")));
        }
        collected.extend_from_slice(&bytes);
    }
    Ok(collected.freeze())
}

/// The events of an answer, as far as `known` knows them.
fn events<T: Send + 'static>(
    response: Response<Body>,
    known: fn(&SseEvent) -> Option<T>,
) -> std::pin::Pin<Box<dyn Stream<Item = Result<T, ClientError>> + Send>> {
    let mut parser = SseParser::new(EVENT_LIMIT);
    let batches = response.into_body().into_data_stream().map(move |frame| {
        let bytes = frame.map_err(|error| ClientError::Interrupted(error.to_string()))?;
        let mut events = VecDeque::new();
        parser.feed(&bytes, &mut events).map_err(|error| ClientError::Nonsense(error.to_string()))?;
        Ok::<_, ClientError>(events.iter().filter_map(known).collect::<Vec<_>>())
    });
    Box::pin(batches.flat_map(|batch| match batch {
        Ok(events) => stream::iter(events.into_iter().map(Ok).collect::<Vec<_>>()),
        Err(error) => stream::iter(vec![Err(error)]),
    }))
}

fn turn_event(event: &SseEvent) -> Option<TurnEvent> {
    TurnEvent::from_parts(event.id.as_deref(), &event.name, &event.data)
}
