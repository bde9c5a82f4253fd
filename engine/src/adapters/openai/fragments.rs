//! From the data of one event to deltas, and the memory between events: what was announced, how the
//! answer ended, and how much text there was. Knows nothing of bytes, time or sockets.

use super::failure::{nonsense, of_report};
use super::wire::{Choice, Chunk, Piece, ToolCall};
use crate::domain::usage::Tokens;
use crate::ports::models::{Delta, Finish, ModelError, ToolCallDelta};
use engine_client::sse::SseEvent;
use std::collections::VecDeque;

/// More parallel calls than any model makes; an index beyond it is an attack on whoever collects them.
const MAX_TOOL_CALLS: usize = 128;
const MAX_NAME_BYTES: usize = 256;

pub(super) struct Fragments {
    /// The model that was asked for, for messages about it.
    asked: String,
    status: u16,
    text_limit: usize,
    text_bytes: usize,
    announced: Option<String>,
    usage: Option<(Tokens, Option<i64>)>,
    finish: Option<Finish>,
    done: bool,
}

impl Fragments {
    pub(super) fn new(asked: &str, status: u16, text_limit: usize) -> Self {
        Self {
            asked: asked.to_owned(),
            status,
            text_limit,
            text_bytes: 0,
            announced: None,
            usage: None,
            finish: None,
            done: false,
        }
    }

    /// How the answer ended, once the server has said so.
    pub(super) fn finish(&self) -> Option<Finish> {
        self.finish.or(self.done.then_some(Finish::Stop))
    }

    /// Whether nothing more is to come.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Adds what the event says to `out`.
    pub(super) fn take(&mut self, frame: &SseEvent, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let data = frame.data.trim();
        if data == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        match serde_json::from_str::<Chunk>(data) {
            Ok(chunk) => self.chunk(chunk, out),
            // Pings and the like, under a name of the server's own: not ours to understand.
            Err(_) if frame.name != "message" => Ok(()),
            Err(_) => Err(nonsense("an event of its stream is not the JSON it should be")),
        }
    }

    /// Takes an answer that came in one piece though a stream was asked for.
    pub(super) fn take_whole(&mut self, body: &[u8], out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let chunk: Chunk =
            serde_json::from_slice(body).map_err(|_| nonsense("its answer is not the JSON it should be"))?;
        if chunk.error.is_none() && chunk.choices.as_ref().is_none_or(Vec::is_empty) {
            return Err(nonsense("its answer holds no choice"));
        }
        self.chunk(chunk, out)?;
        self.done = true;
        Ok(())
    }

    fn chunk(&mut self, chunk: Chunk, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        if let Some(report) = chunk.error {
            return Err(of_report(&report, self.status, &self.asked));
        }
        if let Some(model) = chunk.model
            && !model.is_empty()
            && self.announced.as_ref() != Some(&model)
        {
            within(model.len(), MAX_NAME_BYTES)?;
            self.announced = Some(model.clone());
            out.push_back(Delta::Model(model));
        }
        for choice in chunk.choices.into_iter().flatten().filter(|choice| choice.index == 0) {
            self.choice(choice, out)?;
        }
        if let Some(usage) = chunk.usage {
            let tokens = Tokens { prompt: usage.prompt(), completion: usage.completion(), estimated: false };
            let told = (tokens, usage.cost_micros());
            if self.usage != Some(told) {
                self.usage = Some(told);
                out.push_back(Delta::Usage(told.0, told.1));
            }
        }
        Ok(())
    }

    fn choice(&mut self, choice: Choice, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        if let Some(piece) = choice.delta.or(choice.message) {
            self.piece(piece, out)?;
        }
        if let Some(reason) = choice.finish_reason
            && !reason.is_empty()
        {
            self.finish = Some(match reason.as_str() {
                "length" | "max_tokens" => Finish::Length,
                "tool_calls" | "function_call" => Finish::ToolCalls,
                "content_filter" => Finish::ContentFilter,
                "error" => return Err(ModelError::ServerFailed { status: self.status }),
                _ => Finish::Stop,
            });
        }
        Ok(())
    }

    fn piece(&mut self, piece: Piece, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        if let Some(thought) = piece.reasoning_content.or(piece.reasoning)
            && !thought.is_empty()
        {
            self.count(thought.len())?;
            out.push_back(Delta::Reasoning(thought));
        }
        let text = piece.content.map(super::wire::Content::into_text);
        for text in text.into_iter().chain(piece.refusal).filter(|text| !text.is_empty()) {
            self.count(text.len())?;
            out.push_back(Delta::Text(text));
        }
        for (place, call) in piece.tool_calls.into_iter().flatten().enumerate() {
            out.push_back(Delta::ToolCall(self.tool_call(place, call)?));
        }
        Ok(())
    }

    fn tool_call(&mut self, place: usize, call: ToolCall) -> Result<ToolCallDelta, ModelError> {
        let index = call.index.unwrap_or(place);
        within(index, MAX_TOOL_CALLS)?;
        let (name, arguments) = call.function.map_or((None, None), |f| (f.name, f.arguments));
        for name in [&call.id, &name].into_iter().flatten() {
            within(name.len(), MAX_NAME_BYTES)?;
            self.count(name.len())?;
        }
        let arguments = arguments.unwrap_or_default();
        self.count(arguments.len())?;
        Ok(ToolCallDelta { index, id: call.id, name, arguments })
    }

    fn count(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.text_bytes += bytes;
        within(self.text_bytes, self.text_limit)
    }
}

fn within(size: usize, limit: usize) -> Result<(), ModelError> {
    if size > limit { Err(ModelError::TooLarge) } else { Ok(()) }
}
