//! Both forms of an answer, as OpenAI's clients read them: one document, or a chunk for each piece.

use crate::openai::errors::Complaint;
use bytes::Bytes;
use engine_client::wire::turns::{TurnStateView, TurnView};
use http::StatusCode;
use serde_json::{Value, json};

/// What all parts of one answer have in common.
#[derive(Clone, Debug)]
pub struct Frames {
    pub id: String,
    /// Seconds since the epoch.
    pub created: i64,
    /// As the client is told to name it.
    pub model: String,
    pub max_tokens: Option<i64>,
    pub include_usage: bool,
}

impl Frames {
    pub fn new(turn: &TurnView, model: String, max_tokens: Option<i64>, include_usage: bool) -> Self {
        let id = format!("chatcmpl-{}", turn.id.simple());
        Self { id, created: turn.created_at.div_euclid(1_000_000), model, max_tokens, include_usage }
    }

    /// The first chunk: who speaks.
    pub fn opening(&self) -> Bytes {
        self.chunk(&json!({"role": "assistant", "content": ""}), None)
    }

    pub fn words(&self, text: &str) -> Bytes {
        self.chunk(&json!({"content": text}), None)
    }

    /// What comes after the last words: why it ended, what it used where that was asked for, and the end.
    pub fn closing(&self, turn: &TurnView) -> Vec<Bytes> {
        let mut frames = vec![self.chunk(&json!({}), Some(self.finish_reason(turn)))];
        if self.include_usage {
            let mut last = self.head("chat.completion.chunk", &json!([]));
            last["usage"] = usage(turn);
            frames.push(frame(&last.to_string()));
        }
        frames.push(frame("[DONE]"));
        frames
    }

    pub fn whole(&self, turn: &TurnView) -> Value {
        let message = json!({"role": "assistant", "content": turn.text, "refusal": null});
        let choice = json!({
            "index": 0, "message": message, "logprobs": null, "finish_reason": self.finish_reason(turn),
        });
        let mut whole = self.head("chat.completion", &json!([choice]));
        whole["usage"] = usage(turn);
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

    /// The provider counted as many tokens as the client allowed: that is why it ended.
    fn finish_reason(&self, turn: &TurnView) -> &'static str {
        let counted = turn.attempts.last().filter(|attempt| !attempt.estimated);
        let full =
            counted.zip(self.max_tokens).is_some_and(|(attempt, most)| attempt.completion_tokens >= most);
        if full { "length" } else { "stop" }
    }
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

fn usage(turn: &TurnView) -> Value {
    let (prompt, completion) =
        turn.attempts.last().map_or((0, 0), |attempt| (attempt.prompt_tokens, attempt.completion_tokens));
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}

fn frame(data: &str) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}
