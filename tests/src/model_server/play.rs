//! From a script to the bytes of one answer.

use super::script::{Act, Script};
use super::server::{Asked, Shared};
use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, Stream};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use tokio::time::{Interval, interval};

/// Tells, when it is dropped too early, that the client left.
pub(super) struct Presence {
    shared: Arc<Shared>,
    complete: bool,
}

impl Presence {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, complete: false }
    }

    /// Nothing is left to send.
    pub(super) fn complete(mut self) {
        self.complete = true;
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if !self.complete {
            self.shared.count(|counts| counts.left += 1);
        }
    }
}

pub(super) fn streamed(script: Script, asked: &Asked, presence: Presence) -> Body {
    let model = script.model.clone().unwrap_or_else(|| asked.model().to_owned());
    let usage = usage(&script, asked);
    Body::from_stream(pieces(Play {
        acts: script.acts.into(),
        model,
        usage,
        dripping: VecDeque::new(),
        pace: script.drip.map(interval),
        repeat: None,
        presence,
    }))
}

/// The same words as one JSON answer, for a request that wants no stream.
pub(super) fn whole(script: &Script, asked: &Asked) -> Value {
    let words =
        |wanted: fn(&Act) -> Option<&str>| -> String { script.acts.iter().filter_map(wanted).collect() };
    let finish = script.acts.iter().find_map(|act| match act {
        Act::Finish(reason) => Some(*reason),
        _ => None,
    });
    json!({
        "id": "scripted", "object": "chat.completion", "created": 0,
        "model": script.model.as_deref().unwrap_or(asked.model()),
        "choices": [{"index": 0, "finish_reason": finish, "message": {
            "role": "assistant",
            "content": words(|act| if let Act::Word(word) = act { Some(word) } else { None }),
            "reasoning_content": words(|act| if let Act::Thought(word) = act { Some(word) } else { None }),
        }}],
        "usage": usage(script, asked),
    })
}

/// Words are counted as tokens on both sides.
fn usage(script: &Script, asked: &Asked) -> Value {
    let prompt: usize = asked.texts().map(|text| text.split_whitespace().count()).sum();
    let completion = script.acts.iter().filter(|act| matches!(act, Act::Word(_) | Act::Thought(_))).count();
    let mut usage = json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
    });
    if let Some(cost) = &script.cost {
        usage["cost"] = serde_json::from_str(cost).unwrap_or_else(|_| json!(cost));
    }
    usage
}

struct Play {
    acts: VecDeque<Act>,
    model: String,
    usage: Value,
    dripping: VecDeque<u8>,
    pace: Option<Interval>,
    repeat: Option<(Bytes, usize)>,
    presence: Presence,
}

fn pieces(play: Play) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(play, |mut play| async move {
        let piece = play.next().await?;
        Some((piece, play))
    })
}

impl Play {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(byte) = self.dripping.pop_front() {
                if let Some(pace) = &mut self.pace {
                    pace.tick().await;
                }
                return Some(Ok(Bytes::copy_from_slice(&[byte])));
            }
            if let Some((bytes, left @ 1..)) = &mut self.repeat {
                *left -= 1;
                return Some(Ok(bytes.clone()));
            }
            let Some(act) = self.acts.pop_front() else {
                self.presence.complete = true;
                return None;
            };
            let bytes = match act {
                Act::Hold => {
                    self.presence.shared.hold().await;
                    continue;
                }
                Act::Pause(pause) => {
                    // The script's own pace, which is what the test asked for.
                    tokio::time::sleep(pause).await;
                    continue;
                }
                Act::Repeat(bytes, times) => {
                    self.repeat = Some((bytes, times));
                    continue;
                }
                Act::Never => std::future::pending().await,
                Act::Break => {
                    // Having nothing to say for a moment makes the transport send what it holds.
                    tokio::task::yield_now().await;
                    self.presence.complete = true;
                    return Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted)));
                }
                act => self.event(act),
            };
            if self.pace.is_none() {
                return Some(Ok(bytes));
            }
            self.dripping.extend(bytes);
        }
    }

    fn event(&self, act: Act) -> Bytes {
        match act {
            Act::Word(word) => self.delta(&json!({"content": word}), None),
            Act::Thought(thought) => self.delta(&json!({"reasoning_content": thought}), None),
            Act::ToolCall { name, arguments } => {
                let middle = (0..=arguments.len() / 2).rev().find(|at| arguments.is_char_boundary(*at));
                let (head, tail) = arguments.split_at(middle.unwrap_or(0));
                let first = json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                    "function": {"name": name, "arguments": head}}]});
                let second = json!({"tool_calls": [{"index": 0, "function": {"arguments": tail}}]});
                [self.delta(&first, None), self.delta(&second, None)].concat().into()
            }
            Act::Finish(reason) => self.delta(&json!({}), Some(reason)),
            Act::Usage => frame(&json!({
                "id": "scripted", "object": "chat.completion.chunk", "model": self.model,
                "choices": [], "usage": self.usage,
            })),
            Act::Raw(bytes) => bytes,
            Act::Done => Bytes::from_static(b"data: [DONE]\n\n"),
            Act::Hold | Act::Pause(_) | Act::Repeat(..) | Act::Never | Act::Break => Bytes::new(),
        }
    }

    fn delta(&self, delta: &Value, finish: Option<&str>) -> Bytes {
        frame(&json!({
            "id": "scripted", "object": "chat.completion.chunk", "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }))
    }
}

fn frame(event: &Value) -> Bytes {
    Bytes::from(format!("data: {event}\n\n"))
}
