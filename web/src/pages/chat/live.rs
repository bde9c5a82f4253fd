//! A reply as it grows, for the page: each event is one block of it, rendered and cleaned here.
//!
//! The page never gets model output to interpret. After a break the browser comes back by itself; it gets
//! every block once more and puts each in its place, so nothing is lost and nothing doubled. Words are
//! collected for a moment, so that a quick model costs no more than the eye can see.

use crate::markdown::growing::Growing as GrowingText;
use crate::markdown::render::{CleanHtml, Markdown};
use crate::pages::error::PageError;
use crate::pages::visit::Member;
use crate::public::router::Face;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use engine_client::client::ClientError;
use engine_client::events::{Place, TurnEvent};
use futures::stream::{BoxStream, StreamExt, unfold};
use http::header;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Words that come within this are shown together.
const BREATH: Duration = Duration::from_millis(40);
/// A sign of life for proxies that end what is silent.
const ALIVE: Duration = Duration::from_secs(15);

pub async fn get(
    State(face): State<Face>,
    member: Member,
    Path((_, turn)): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let events = member.client.follow(turn, Place::default()).await?.boxed();
    let growing = Growing {
        events,
        markdown: face.markdown.clone(),
        text: GrowingText::default(),
        shown: Vec::new(),
        ready: VecDeque::new(),
        ended: false,
    };
    let body = unfold(growing, |mut growing| async move {
        growing.next().await.map(|line| (Ok::<_, std::convert::Infallible>(line), growing))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(body)).into_response())
}

struct Growing {
    events: BoxStream<'static, Result<TurnEvent, ClientError>>,
    markdown: Arc<Markdown>,
    text: GrowingText,
    /// The blocks as the page has them.
    shown: Vec<CleanHtml>,
    ready: VecDeque<String>,
    ended: bool,
}

impl Growing {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            if self.ended {
                return None;
            }
            match tokio::time::timeout(ALIVE, self.events.next()).await {
                Err(_) => return Some(": still here\n\n".to_owned()),
                Ok(event) => self.take(event),
            }
            let breath = tokio::time::Instant::now() + BREATH;
            while !self.ended
                && let Ok(event) = tokio::time::timeout_at(breath, self.events.next()).await
            {
                self.take(event);
            }
            self.show();
        }
    }

    fn take(&mut self, event: Option<Result<TurnEvent, ClientError>>) {
        match event {
            Some(Ok(TurnEvent::Text { text, .. })) => self.text.push(&text),
            Some(Ok(TurnEvent::Reset { .. })) => self.text.clear(),
            Some(Ok(TurnEvent::Stage(_))) => {}
            Some(Ok(TurnEvent::Done(_))) => {
                self.ended = true;
                self.ready.push_back("event: ended\ndata: {}\n\n".to_owned());
            }
            // Broken off: the browser asks again by itself.
            Some(Ok(TurnEvent::Error(_)) | Err(_)) | None => self.ended = true,
        }
    }

    /// Queues the blocks that differ from what the page has, before the end if there is one.
    fn show(&mut self) {
        let blocks = self.text.blocks(&self.markdown);
        let changed = |at: usize| self.shown.get(at) != blocks.get(at);
        let mut lines: VecDeque<String> = (0..blocks.len())
            .filter(|&at| changed(at))
            .map(|at| event("block", &serde_json::json!({ "at": at, "html": blocks[at].as_str() })))
            .collect();
        if blocks.len() < self.shown.len() {
            lines.push_front(event("length", &serde_json::json!({ "blocks": blocks.len() })));
        }
        self.shown = blocks;
        lines.append(&mut self.ready);
        self.ready = lines;
    }
}

fn event(name: &str, data: &serde_json::Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
