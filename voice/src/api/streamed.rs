//! What is heard, as it is heard: an event for each piece, and one at the end with all of it. An error is the last event.

use super::problem::VoiceError;
use crate::ears::desk::{Entered, ListenError};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use tokio::sync::mpsc;
use voice_client::wire::{Segment, Transcript};

/// Whoever leaves drops the stream, and with it the listening.
pub fn answer(entered: Entered) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (tell, told) = mpsc::unbounded_channel();
    let listening = async move {
        let each = move |segment: &Segment| {
            // Whoever left stops the listening, too.
            let _ = tell.send(segment.text.clone());
        };
        entered.listen(each).await
    };
    let telling = Telling { listening: Some(listening.boxed()), told, last: None, is_first: true };
    Sse::new(stream::unfold(telling, Telling::next).map(Ok)).keep_alive(KeepAlive::default())
}

struct Telling {
    /// `None` once its last event is known.
    listening: Option<BoxFuture<'static, Result<Transcript, ListenError>>>,
    told: mpsc::UnboundedReceiver<String>,
    last: Option<Event>,
    is_first: bool,
}

impl Telling {
    /// All that was told comes before the last event.
    async fn next(mut self) -> Option<(Event, Self)> {
        if let Some(listening) = &mut self.listening {
            tokio::select! {
                biased;
                Some(text) = self.told.recv() => return Some((self.delta(&text), self)),
                heard = listening => self.last = Some(end(heard)),
            }
            self.listening = None;
        }
        if let Ok(text) = self.told.try_recv() {
            return Some((self.delta(&text), self));
        }
        Some((self.last.take()?, self))
    }

    fn delta(&mut self, text: &str) -> Event {
        let space = if std::mem::take(&mut self.is_first) { "" } else { " " };
        let kind = "transcript.text.delta";
        event(kind, &json!({ "type": kind, "delta": format!("{space}{text}") }))
    }
}

fn end(heard: Result<Transcript, ListenError>) -> Event {
    match heard {
        Ok(transcript) => {
            let kind = "transcript.text.done";
            event(kind, &json!({ "type": kind, "text": transcript.text }))
        }
        Err(error) => {
            let VoiceError(problem) = error.into();
            event(
                "error",
                &json!({ "type": "error", "error": { "code": problem.code, "message": problem.detail } }),
            )
        }
    }
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
