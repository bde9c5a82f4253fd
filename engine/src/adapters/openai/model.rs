//! One model behind one connection.

use super::config::OpenAiConfig;
use super::failure::{nonsense, of_outbound, of_status};
use super::fragments::Fragments;
use super::reply;
use super::wire::{ChatRequest, ModelList};
use crate::domain::connection::Connection;
use crate::ports::clock::Clock;
use crate::ports::models::{DeltaStream, LanguageModel, ModelError, ModelRequest};
use crate::ports::providers::ProviderKey;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use engine_outbound::allow::AllowList;
use engine_outbound::client::Outbound;
use engine_outbound::request::{Limits, OutboundRequest, parse_url};
use engine_outbound::response::OutboundResponse;
use futures::stream::StreamExt;
use http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// As much of an error's body as is looked into.
const ERROR_BYTES: usize = 64 * 1024;
const ERROR_PATIENCE: Duration = Duration::from_secs(2);
/// JSON around the text of an answer that was not streamed.
const WRAPPING_BYTES: usize = 1024 * 1024;
const LIST_BYTES: u64 = 8 * 1024 * 1024;

pub struct OpenAiModel {
    pub(super) outbound: Arc<Outbound>,
    clock: Arc<dyn Clock>,
    pub(super) config: OpenAiConfig,
    base: Url,
    /// The connection's own origin: the owner entered it, so it may be local.
    pub(super) allow: AllowList,
    pub(super) model: String,
    key: Option<ProviderKey>,
}

impl OpenAiModel {
    /// `Forbidden` where the connection's address is none.
    pub fn new(
        connection: &Connection,
        key: Option<ProviderKey>,
        outbound: Arc<Outbound>,
        config: OpenAiConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ModelError> {
        let base = parse_url(&connection.base_url).map_err(of_outbound)?;
        let allow = AllowList::none().with(&base);
        Ok(Self { outbound, clock, config, base, allow, model: connection.model.clone(), key })
    }

    /// Keeps the query, where some providers want their version.
    pub(super) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    pub(super) fn headers(&self, accept: &'static str) -> Result<HeaderMap, ModelError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        if let Some(key) = &self.key {
            // A key that cannot stand in a header is one no server would take.
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.reveal()))
                .map_err(|_| ModelError::Unauthorized)?;
            bearer.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, bearer);
        }
        Ok(headers)
    }

    pub(super) async fn refusal(&self, mut response: OutboundResponse) -> ModelError {
        let mut body = BytesMut::new();
        // The status says nearly everything: what arrives in time is enough to look for a code in.
        let deadline = Instant::now() + ERROR_PATIENCE;
        while let Ok(Some(Ok(piece))) = tokio::time::timeout_at(deadline, response.body.next()).await {
            let room = ERROR_BYTES - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if body.len() == ERROR_BYTES {
                break;
            }
        }
        of_status(response.status, &response.headers, &body, &self.model, self.clock.now())
    }
}

#[async_trait]
impl LanguageModel for OpenAiModel {
    async fn reply(&self, request: ModelRequest) -> Result<DeltaStream, ModelError> {
        let body = serde_json::to_vec(&ChatRequest::new(&self.model, &request))
            .map_err(|_| nonsense("the request cannot be written as JSON"))?;
        let mut outgoing = OutboundRequest::post(self.url(&["chat", "completions"]), Bytes::from(body));
        outgoing.headers = self.headers("text/event-stream, application/json")?;
        outgoing.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(&request.request_id) {
            outgoing.headers.insert("idempotency-key", id.clone());
            outgoing.headers.insert("x-request-id", id);
        }
        outgoing.limits = Limits {
            headers: self.config.first_token,
            // The reply keeps its own, finer clocks; this one only guards the rest.
            silence: self.config.first_token + self.config.silence,
            total: None,
            body: self.config.wire_bytes,
            redirects: self.config.redirects,
        };
        let sent = Instant::now();
        let response = self.outbound.send(outgoing, &self.allow).await.map_err(of_outbound)?;
        if !response.status.is_success() {
            let has_pictures = request.messages.iter().any(|message| !message.pictures.is_empty());
            return Err(match self.refusal(response).await {
                ModelError::Rejected { status } if has_pictures => ModelError::PicturesRejected { status },
                error => error,
            });
        }
        let fragments = Fragments::new(&self.model, response.status.as_u16(), self.config.text_bytes);
        match media_type(&response.headers).as_deref() {
            Some("text/event-stream") => Ok(reply::streamed(response.body, fragments, self.config, sent)),
            Some("application/json") => {
                let reading = response.bytes(self.config.text_bytes + WRAPPING_BYTES);
                let body = tokio::time::timeout_at(sent + self.config.first_token, reading)
                    .await
                    .map_err(|_| ModelError::Silent { after: self.config.first_token })?
                    .map_err(of_outbound)?;
                reply::whole(&body, fragments)
            }
            Some("text/html") => Err(nonsense("it answers with a web page; check the address")),
            Some(_) => Err(nonsense("its answer is of a kind that is no stream of events")),
            None => Err(nonsense("its answer does not say what kind it is")),
        }
    }

    async fn list_models(&self) -> Result<Vec<String>, ModelError> {
        let mut outgoing = OutboundRequest::get(self.url(&["models"]));
        outgoing.headers = self.headers("application/json")?;
        outgoing.limits = Limits {
            headers: self.config.list,
            silence: self.config.list,
            total: Some(self.config.list),
            body: LIST_BYTES,
            redirects: self.config.redirects,
        };
        let response = self.outbound.send(outgoing, &self.allow).await.map_err(of_outbound)?;
        if !response.status.is_success() {
            // Here a 404 is about the address, not about a model.
            return Err(match self.refusal(response).await {
                ModelError::UnknownModel { .. } => ModelError::Rejected { status: 404 },
                error => error,
            });
        }
        let body = response.bytes(LIST_BYTES as usize).await.map_err(of_outbound)?;
        let list: ModelList = serde_json::from_slice(&body)
            .map_err(|_| nonsense("its list of models is not the JSON it should be"))?;
        Ok(list.data.into_iter().map(|model| model.id).collect())
    }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}
