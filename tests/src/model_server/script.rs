//! What one answer is: a head and a list of acts. Made by the named constructors, honest ones first.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use std::time::Duration;

/// A huge event is sent in pieces of this size, so that it never stands in our memory.
const PIECE: usize = 64 * 1024;

#[derive(Clone, Debug)]
pub struct Script {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) acts: Vec<Act>,
    pub(super) model: Option<String>,
    pub(super) cost: Option<String>,
    pub(super) drip: Option<Duration>,
    /// False: not even a head comes.
    pub(super) answers: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Word(String),
    Thought(String),
    ToolCall {
        name: String,
        arguments: String,
    },
    Finish(&'static str),
    Usage,
    Done,
    Raw(Bytes),
    /// Waits for `ModelServer::release`.
    Hold,
    Pause(Duration),
    /// The same bytes until the client leaves, or this many times.
    Repeat(Bytes, usize),
    /// Says nothing more and keeps the connection.
    Never,
    /// Breaks the connection, in the middle of the body.
    Break,
}

impl Script {
    /// `t1 t2 … tN`, with figures and a proper end.
    pub fn tokens(count: usize) -> Self {
        Self::words((1..=count).map(|n| if n == 1 { "t1".to_owned() } else { format!(" t{n}") }))
    }

    /// The text of `tokens(count)`.
    pub fn tokens_text(count: usize) -> String {
        (1..=count).map(|n| format!("t{n}")).collect::<Vec<_>>().join(" ")
    }

    /// These pieces of text as they are, one event each, with figures and a proper end.
    pub fn words<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut acts: Vec<_> = words.into_iter().map(|word| Act::Word(word.into())).collect();
        acts.extend([Act::Finish("stop"), Act::Usage, Act::Done]);
        Self::stream(acts)
    }

    /// Thinks aloud first.
    #[must_use]
    pub fn thinking<W: Into<String>>(mut self, thoughts: impl IntoIterator<Item = W>) -> Self {
        let thoughts = thoughts.into_iter().map(|thought| Act::Thought(thought.into()));
        self.acts.splice(0..0, thoughts);
        self
    }

    /// Calls a tool instead of answering; the arguments come in two events.
    pub fn tool_call(name: &str, arguments: &str) -> Self {
        let call = Act::ToolCall { name: name.to_owned(), arguments: arguments.to_owned() };
        Self::stream(vec![call, Act::Finish("tool_calls"), Act::Usage, Act::Done])
    }

    /// Sends `before` pieces of text, then waits for `ModelServer::release`.
    #[must_use]
    pub fn hold_after(mut self, before: usize) -> Self {
        let place = self.after_words(before);
        self.acts.insert(place, Act::Hold);
        self
    }

    /// Waits this long before each piece of text.
    #[must_use]
    pub fn every(mut self, pause: Duration) -> Self {
        self.acts = self
            .acts
            .into_iter()
            .flat_map(|act| match act {
                Act::Word(_) => vec![Act::Pause(pause), act],
                _ => vec![act],
            })
            .collect();
        self
    }

    /// The first piece of text at once, then this long before each further one.
    #[must_use]
    pub fn then_every(mut self, pause: Duration) -> Self {
        let rest = self.acts.split_off(self.after_words(1));
        self.acts.extend(Self { acts: rest, ..self.clone() }.every(pause).acts);
        self
    }

    /// Answers under another model's name than the one asked for.
    #[must_use]
    pub fn model(mut self, name: &str) -> Self {
        self.model = Some(name.to_owned());
        self
    }

    /// Tells a price in dollars, as written: `0.00014`.
    #[must_use]
    pub fn cost(mut self, dollars: &str) -> Self {
        self.cost = Some(dollars.to_owned());
        self
    }

    /// Sends `count` keep-alive comments first, this far apart.
    #[must_use]
    pub fn keep_alives(mut self, count: usize, pause: Duration) -> Self {
        let comment = Act::Raw(Bytes::from_static(b": keep-alive\n\n"));
        let comments = (0..count).flat_map(|_| [comment.clone(), Act::Pause(pause)]);
        self.acts.splice(0..0, comments);
        self
    }

    /// Every byte by itself, this far apart.
    #[must_use]
    pub fn drip(mut self, pause: Duration) -> Self {
        self.drip = Some(pause);
        self
    }

    /// Stops in the middle: the connection breaks after `before` pieces of text.
    #[must_use]
    pub fn broken_after(mut self, before: usize) -> Self {
        let place = self.after_words(before);
        self.acts.truncate(place);
        self.acts.push(Act::Break);
        self
    }

    /// Ends the body properly after `before` pieces of text, without having said that it would.
    #[must_use]
    pub fn cut_after(mut self, before: usize) -> Self {
        let place = self.after_words(before);
        self.acts.truncate(place);
        self
    }

    /// Goes quiet after `before` pieces of text and keeps the connection.
    #[must_use]
    pub fn silent_after(mut self, before: usize) -> Self {
        let place = self.after_words(before);
        self.acts.truncate(place);
        self.acts.push(Act::Never);
        self
    }

    /// Takes the request and says nothing at all.
    pub fn silent() -> Self {
        Self { answers: false, ..Self::stream(Vec::new()) }
    }

    /// Text without end.
    pub fn endless() -> Self {
        let event = format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
            "z".repeat(1000)
        );
        Self::stream(vec![Act::Repeat(Bytes::from(event), usize::MAX)])
    }

    /// One event of about this many bytes.
    pub fn huge_frame(bytes: usize) -> Self {
        let start =
            Act::Raw(Bytes::from_static(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""));
        let end = Act::Raw(Bytes::from_static(b"\"}}]}\n\ndata: [DONE]\n\n"));
        Self::stream(vec![start, Act::Repeat(Bytes::from(vec![b'x'; PIECE]), bytes.div_ceil(PIECE)), end])
    }

    /// A proper answer among events of other names that carry markup.
    pub fn extra_events(count: usize) -> Self {
        let mut script = Self::tokens(count);
        for (event, data) in [
            ("execute", "<script>alert(1)</script>"),
            ("error-page", "<img src=x onerror=alert(2)>"),
            ("done", "bye"),
        ] {
            let text = format!("event: {event}\nid: 999\nretry: 1\ndata: {data}\n\n");
            script.acts.insert(1.min(script.acts.len()), Act::Raw(Bytes::from(text)));
        }
        script
    }

    /// Bytes that are no text, where an event should be.
    pub fn invalid_utf8() -> Self {
        Self::stream(vec![Act::Raw(Bytes::from_static(
            b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n",
        ))])
    }

    /// An event whose JSON stops in the middle.
    pub fn cut_json() -> Self {
        Self::stream(vec![Act::Raw(Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"conte\n\n"))])
    }

    /// A web page with status 200.
    pub fn web_page() -> Self {
        let page = Bytes::from_static(b"<!doctype html><script>alert(1)</script><p>Welcome");
        Self::stream(vec![Act::Raw(page)]).content_type("text/html; charset=utf-8")
    }

    /// A proper stream under the wrong name.
    pub fn wrong_content_type() -> Self {
        Self::tokens(3).content_type("application/octet-stream")
    }

    /// A refusal with a body as providers write it.
    pub fn status(status: u16) -> Self {
        Self::refusal(status, &format!("scripted status {status}"))
    }

    /// The same, in these words.
    pub fn refusal(status: u16, words: &str) -> Self {
        let error = serde_json::json!({"message": words, "type": "scripted", "code": status});
        let body = serde_json::json!({ "error": error }).to_string();
        let status = StatusCode::from_u16(status).expect("a script names a real status");
        let script = Self::stream(vec![Act::Raw(Bytes::from(body))]).content_type("application/json");
        Self { status, ..script }
    }

    /// 429, with the seconds to wait where they are given.
    pub fn rate_limited(retry_after: Option<u64>) -> Self {
        let mut script = Self::status(429);
        script.headers.extend(retry_after.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
        script
    }

    fn stream(acts: Vec<Act>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))],
            acts,
            model: None,
            cost: None,
            drip: None,
            answers: true,
        }
    }

    fn content_type(mut self, kind: &'static str) -> Self {
        self.headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
        self
    }

    /// The place right after the first `count` pieces of text.
    fn after_words(&self, count: usize) -> usize {
        let words = self.acts.iter().enumerate().filter(|(_, act)| matches!(act, Act::Word(_)));
        match count.checked_sub(1) {
            Some(last) => words.map(|(place, _)| place + 1).nth(last).unwrap_or(self.acts.len()),
            None => words.map(|(place, _)| place).next().unwrap_or(0),
        }
    }
}
