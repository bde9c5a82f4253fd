//! Both forms of an answer, as OpenAI's clients read them: one document, or a chunk for each piece.

use crate::openai::errors::Complaint;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use engine_client::wire::turns::{TurnStateView, TurnView};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

/// What all parts of one answer have in common.
#[derive(Clone, Debug)]
pub struct Frames {
    pub id: String,
    /// Seconds since the epoch.
    pub created: u64,
    /// As the client is told to name it.
    pub model: String,
    pub include_usage: bool,
}

/// How an answer ended and what it used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub finish_reason: &'static str,
}

impl Frames {
    /// `id` is a UUIDv7: it tells when the answer began.
    pub fn new(id: Uuid, model: String, include_usage: bool) -> Self {
        let created = id.get_timestamp().map_or(0, |at| at.to_unix().0);
        Self { id: format!("chatcmpl-{}", id.simple()), created, model, include_usage }
    }

    /// The first chunk: who speaks.
    pub fn opening(&self) -> Bytes {
        self.chunk(&json!({"role": "assistant", "content": ""}), None)
    }

    pub fn words(&self, text: &str) -> Bytes {
        self.chunk(&json!({"content": text}), None)
    }

    /// What comes after the last words: why it ended, what it used where that was asked for, and the end.
    pub fn closing(&self, summary: &Summary) -> Vec<Bytes> {
        let mut frames = vec![self.chunk(&json!({}), Some(summary.finish_reason))];
        if self.include_usage {
            let mut last = self.head("chat.completion.chunk", &json!([]));
            last["usage"] = summary.usage();
            frames.push(frame(&last.to_string()));
        }
        frames.push(frame("[DONE]"));
        frames
    }

    pub fn whole(&self, text: &str, summary: &Summary) -> Value {
        let message = json!({"role": "assistant", "content": text, "refusal": null});
        let choice = json!({
            "index": 0, "message": message, "logprobs": null, "finish_reason": summary.finish_reason,
        });
        let mut whole = self.head("chat.completion", &json!([choice]));
        whole["usage"] = summary.usage();
        whole
    }

    fn chunk(&self, delta: &Value, finish_reason: Option<&str>) -> Bytes {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
        let mut chunk = self.head("chat.completion.chunk", &json!([choice]));
        if self.include_usage {
            chunk["usage"] = Value::Null;
        }
        frame(&chunk.to_string())
    }

    fn head(&self, object: &str, choices: &Value) -> Value {
        json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model, "choices": choices,
        })
    }
}

impl Summary {
    /// A provider that counted as many tokens as the client allowed ended for that reason.
    pub fn of(turn: &TurnView, max_tokens: Option<i64>) -> Self {
        let attempt = turn.attempts.last();
        let counted = attempt.filter(|attempt| !attempt.estimated);
        let full = counted.zip(max_tokens).is_some_and(|(attempt, most)| attempt.completion_tokens >= most);
        Self {
            prompt_tokens: attempt.map_or(0, |attempt| attempt.prompt_tokens),
            completion_tokens: attempt.map_or(0, |attempt| attempt.completion_tokens),
            finish_reason: if full { "length" } else { "stop" },
        }
    }

    fn usage(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        })
    }
}

/// The answer that carries frames.
pub fn stream_of(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A comment: the line is alive.
pub fn alive() -> Bytes {
    Bytes::from_static(b": alive\n\n")
}

/// The last frame of an answer that broke off. No `finish_reason` and no `[DONE]` come after it.
pub fn broken(complaint: &Complaint) -> Bytes {
    frame(&complaint.to_json())
}

/// Why a turn failed, for a client that decides by status.
pub fn failure(turn: &TurnView) -> Option<Complaint> {
    if turn.state != TurnStateView::Failed {
        return None;
    }
    let (code, detail) = match &turn.failure {
        Some(failure) => (failure.code.as_str(), failure.detail.as_str()),
        None => ("internal", "the reply could not be made"),
    };
    Some(match code {
        "model_rate_limited" => Complaint::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", detail),
        "model_too_long" => Complaint::new(StatusCode::BAD_REQUEST, "context_length_exceeded", detail),
        code => Complaint::new(StatusCode::BAD_GATEWAY, code, detail),
    })
}

fn frame(data: &str) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}
