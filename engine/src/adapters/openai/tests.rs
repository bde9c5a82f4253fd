//! The adapter against a server that says, byte for byte, whatever a test wants it to say.

use super::config::OpenAiConfig;
use super::model::OpenAiModel;
use crate::domain::connection::Connection;
use crate::domain::usage::Tokens;
use crate::models::tests::{FixedClock, connection};
use crate::ports::models::{
    Delta, DeltaStream, Finish, LanguageModel, ModelError, ModelRequest, PromptMessage, Speaker,
    ToolCallDelta,
};
use crate::ports::providers::ProviderKey;
use engine_outbound::client::{Outbound, OutboundConfig};
use futures::StreamExt;
use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

#[derive(Clone)]
enum Act {
    Send(Vec<u8>),
    /// The same bytes again and again, each after a pause, until the client leaves.
    Forever(Vec<u8>, Duration),
    /// One byte at a time.
    Drip(Vec<u8>, Duration),
    /// Nothing more, until the client leaves.
    Hold,
    /// From the start, for the next request on the same connection.
    Again,
}

/// Plays `acts` on every connection, then closes it. Stops when it is dropped.
struct Responder {
    base_url: String,
    /// Each request as text, then one empty text when the client has left.
    seen: mpsc::UnboundedReceiver<String>,
    _tasks: JoinSet<()>,
}

impl Responder {
    async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (tell, seen) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut playing = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                playing.spawn(play(socket, acts.clone(), tell.clone()));
            }
        });
        Self { base_url: format!("http://{address}/v1?version=7"), seen, _tasks: tasks }
    }

    fn model(&self, config: OpenAiConfig) -> OpenAiModel {
        let connection = Connection { base_url: self.base_url.clone(), ..connection("a") };
        let key = Some(ProviderKey::new("sk-test".to_owned()));
        let outbound = Arc::new(Outbound::new(OutboundConfig::default()));
        let clock = Arc::new(FixedClock::with_chance(0));
        OpenAiModel::new(&connection, key, outbound, config, clock).expect("the address is fine")
    }

    async fn next_seen(&mut self) -> String {
        timeout(PATIENCE, self.seen.recv()).await.expect("in time").expect("the responder lives")
    }
}

async fn play(mut socket: TcpStream, acts: Vec<Act>, tell: mpsc::UnboundedSender<String>) {
    // The receiver may be gone: most tests do not look.
    let _ = tell.send(read_request(&mut socket).await);
    let mut next = 0;
    while let Some(act) = acts.get(next).cloned() {
        next += 1;
        let alive = match act {
            Act::Send(bytes) => socket.write_all(&bytes).await.is_ok(),
            Act::Forever(bytes, pause) => {
                let mut pace = tokio::time::interval(pause.max(Duration::from_nanos(1)));
                while socket.write_all(&bytes).await.is_ok() {
                    if !pause.is_zero() {
                        pace.tick().await;
                    }
                }
                false
            }
            Act::Drip(bytes, pause) => {
                let mut pace = tokio::time::interval(pause);
                let mut alive = true;
                for byte in bytes {
                    pace.tick().await;
                    alive = alive && socket.write_all(&[byte]).await.is_ok();
                }
                alive
            }
            Act::Hold => {
                let left = socket.read(&mut [0; 16]).await;
                !matches!(left, Ok(0) | Err(_))
            }
            Act::Again => {
                next = 0;
                let request = read_request(&mut socket).await;
                !request.is_empty() && tell.send(request).is_ok()
            }
        };
        if !alive {
            break;
        }
    }
    let _ = tell.send(String::new());
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("it is a number")) {
                return text;
            }
        }
        let mut piece = [0; 4096];
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

fn send(text: &str) -> Act {
    Act::Send(text.as_bytes().to_vec())
}

fn request() -> ModelRequest {
    let say = |speaker, text: &str| PromptMessage::words(speaker, text);
    ModelRequest {
        messages: vec![
            say(Speaker::System, "You are kind."),
            say(Speaker::Person, "Hi \"you\""),
            say(Speaker::Companion, "Hello"),
        ],
        max_tokens: Some(64),
        request_id: "turn-1".to_owned(),
    }
}

fn quick() -> OpenAiConfig {
    OpenAiConfig {
        first_token: Duration::from_millis(1_500),
        silence: Duration::from_millis(500),
        linger: Duration::from_millis(100),
        ..OpenAiConfig::default()
    }
}

/// For what must work however busy the machine is.
fn patient() -> OpenAiConfig {
    OpenAiConfig { linger: Duration::from_millis(100), ..OpenAiConfig::default() }
}

async fn collect(stream: DeltaStream) -> (Vec<Delta>, Option<ModelError>) {
    let all: Vec<_> = timeout(PATIENCE, stream.collect()).await.expect("it ends");
    let mut deltas = Vec::new();
    let mut error = None;
    for item in all {
        assert_eq!(error, None, "an error is the last item");
        match item {
            Ok(delta) => deltas.push(delta),
            Err(failure) => error = Some(failure),
        }
    }
    (deltas, error)
}

/// All deltas, and the error whether it came at once or in the stream.
async fn ask(acts: Vec<Act>, config: OpenAiConfig) -> (Vec<Delta>, Option<ModelError>) {
    let responder = Responder::start(acts).await;
    let model = responder.model(config);
    match timeout(PATIENCE, model.reply(request())).await.expect("it answers or fails") {
        Ok(stream) => collect(stream).await,
        Err(error) => (Vec::new(), Some(error)),
    }
}

fn text(words: &str) -> Delta {
    Delta::Text(words.to_owned())
}

fn word(word: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n")
}

const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn the_request_is_what_such_servers_expect() {
    let mut responder = Responder::start(vec![send(EVENTS), send(&word("hi")), send(STOP), send(DONE)]).await;
    let model = responder.model(OpenAiConfig::default());
    collect(model.reply(request()).await.expect("it answers")).await;
    let seen = responder.next_seen().await;
    let (head, body) = seen.split_once("\r\n\r\n").expect("a request has a head");
    assert!(head.starts_with("POST /v1/chat/completions?version=7 HTTP/1.1\r\n"), "{head}");
    for line in ["authorization: Bearer sk-test", "content-type: application/json", "idempotency-key: turn-1"]
    {
        assert!(head.lines().any(|have| have == line), "{line} in {head}");
    }
    let body: serde_json::Value = serde_json::from_str(body).expect("the body is JSON");
    let expected = serde_json::json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "You are kind."},
            {"role": "user", "content": "Hi \"you\""},
            {"role": "assistant", "content": "Hello"},
        ],
        "max_tokens": 64,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn words_thoughts_calls_figures_and_the_end_are_told_apart() {
    let events = [
        r#"{"model":"m-2026","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"model":"m-2026","choices":[{"index":0,"delta":{"reasoning_content":"hm","content":null}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning":"so","reasoning_content":null}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"Hé"}},{"index":1,"delta":{"content":"other"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"llo"}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}],"usage":null}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"cost":0.00014}}"#,
        "[DONE]",
    ];
    let mut acts = vec![send(EVENTS)];
    acts.extend(events.map(|event| send(&format!(": ping\n\ndata: {event}\r\n\r\n"))));
    // Whatever comes after the end is not looked at.
    acts.push(send(&word("late")));
    let call = |id: Option<&str>, name: Option<&str>, arguments: &str| {
        let (id, name) = (id.map(str::to_owned), name.map(str::to_owned));
        Delta::ToolCall(ToolCallDelta { index: 1, id, name, arguments: arguments.to_owned() })
    };
    let expected = vec![
        Delta::Model("m-2026".to_owned()),
        Delta::Reasoning("hm".to_owned()),
        Delta::Reasoning("so".to_owned()),
        text("Hé"),
        text("llo"),
        call(Some("c"), Some("f"), ""),
        call(None, None, "{}"),
        Delta::Usage(Tokens { prompt: 12, completion: 3, estimated: false }, Some(140)),
        Delta::Finish(Finish::Length),
    ];
    assert_eq!(ask(acts, OpenAiConfig::default()).await, (expected, None));
}

#[tokio::test]
async fn a_whole_answer_to_a_streamed_question_is_taken() {
    let body = r#"{"model":"x","choices":[{"index":0,"message":{"role":"assistant","reasoning":"hm","content":"Hi"},
        "finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let (deltas, error) = ask(vec![send(&head), send(body)], OpenAiConfig::default()).await;
    let expected = vec![
        Delta::Model("x".to_owned()),
        Delta::Reasoning("hm".to_owned()),
        text("Hi"),
        Delta::Usage(Tokens { prompt: 1, completion: 2, estimated: false }, None),
        Delta::Finish(Finish::Stop),
    ];
    assert_eq!((deltas, error), (expected, None));
}

#[tokio::test]
async fn every_lie_in_a_stream_is_named_and_what_came_before_it_is_kept() {
    let nonsense = |reason: &str| ModelError::Nonsense { reason: reason.to_owned() };
    let not_json = nonsense("an event of its stream is not the JSON it should be");
    let table: Vec<(Vec<u8>, ModelError)> = vec![
        (b"".to_vec(), ModelError::Cut),
        (b"data: {\"choices\":[{\"delta\":{\"conte".to_vec(), ModelError::Cut),
        (b"data: {\"choices\":[{\"delta\":{\"conte\n\n".to_vec(), not_json.clone()),
        (b"data: <script>alert(1)</script>\n\n".to_vec(), not_json.clone()),
        (b"data: \xff\xfe\xfd\n\n".to_vec(), nonsense("its stream is not UTF-8 text")),
        (
            b"data: {\"error\":{\"message\":\"secret\",\"code\":429}}\n\n".to_vec(),
            ModelError::RateLimited { retry_after: None },
        ),
        (b"data: {\"error\":\"overloaded\"}\n\n".to_vec(), ModelError::ServerFailed { status: 200 }),
        (
            b"event: error\ndata: {\"error\":{\"code\":\"context_length_exceeded\"}}\n\n".to_vec(),
            ModelError::TooLong,
        ),
        (
            b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n".to_vec(),
            ModelError::ServerFailed { status: 200 },
        ),
        (
            b"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":4000000000}]}}]}\n\n".to_vec(),
            ModelError::TooLarge,
        ),
        ([b"data: ".to_vec(), vec![b'['; 100_000], b"\n\n".to_vec()].concat(), not_json),
        ([b"data: ".to_vec(), vec![b'x'; 2_000_000]].concat(), ModelError::TooLarge),
        (word(&"y".repeat(1_000_000)).repeat(3).into_bytes(), ModelError::TooLarge),
    ];
    for (bytes, expected) in table {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let acts = vec![send(EVENTS), send(&word("kept")), Act::Send(bytes)];
        let (deltas, error) = ask(acts, OpenAiConfig::default()).await;
        assert_eq!(error, Some(expected), "{start}");
        assert_eq!(deltas.first(), Some(&text("kept")), "{start}");
    }
}

#[tokio::test]
async fn events_under_other_names_change_nothing() {
    let extra = "event: execute\nid: 9\nretry: 1\ndata: <img src=x onerror=alert(1)>\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n";
    let acts = vec![send(EVENTS), send(extra), send(&word("hi")), send(extra), send(STOP), send(DONE)];
    let expected = vec![text("hi"), Delta::Finish(Finish::Stop)];
    assert_eq!(ask(acts, OpenAiConfig::default()).await, (expected, None));
}

#[tokio::test]
async fn a_connection_that_breaks_is_cut_unless_the_end_was_said() {
    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let unfinished = vec![send(chunked), send(&chunk(&word("a")))];
    assert_eq!(ask(unfinished, patient()).await, (vec![text("a")], Some(ModelError::Cut)));
    for end in [STOP, "data: [DONE]", "data: [DONE]\n\n"] {
        let acts = vec![send(EVENTS), send(&word("a")), send(end)];
        assert_eq!(ask(acts, patient()).await, (vec![text("a"), Delta::Finish(Finish::Stop)], None), "{end}");
    }
    let broken = vec![send(chunked), send(&chunk(&word("a"))), send(&chunk(STOP))];
    assert_eq!(ask(broken, patient()).await, (vec![text("a"), Delta::Finish(Finish::Stop)], None));
    for late in ["data: garbage\n\n", "data: \u{0}\n\n", "data: {\"error\":\"late\"}\n\n"] {
        let acts = vec![send(EVENTS), send(&word("a")), send(STOP), send(late), Act::Hold];
        let expected = (vec![text("a"), Delta::Finish(Finish::Stop)], None);
        assert_eq!(ask(acts, patient()).await, expected, "{late}");
    }
    let open = vec![send(EVENTS), send(&word("a")), send(STOP), Act::Hold];
    assert_eq!(ask(open, patient()).await, (vec![text("a"), Delta::Finish(Finish::Stop)], None));
}

#[tokio::test]
async fn answers_of_another_kind_are_named() {
    for (head, wanted) in [
        ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>", "web page"),
        ("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\nx", "no stream"),
        ("HTTP/1.1 200 OK\r\n\r\ndata: x", "does not say"),
        ("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"cho", "JSON"),
        ("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"choices\":[]}", "no choice"),
    ] {
        let (_, error) = ask(vec![send(head)], patient()).await;
        let Some(ModelError::Nonsense { reason }) = error else { panic!("{head}: {error:?}") };
        assert!(reason.contains(wanted), "{reason}");
    }
    let (_, error) = ask(vec![send("SSH-2.0-OpenSSH\r\n")], patient()).await;
    assert_eq!(error, Some(ModelError::Cut));
    let (_, error) = ask(vec![], patient()).await;
    assert_eq!(error, Some(ModelError::Cut));
}

#[tokio::test]
async fn refusals_are_read_briefly_whatever_their_body() {
    let head =
        |status: &str, more: &str| send(&format!("HTTP/1.1 {status}\r\n{more}connection: close\r\n\r\n"));
    let flood = Act::Forever(vec![b'x'; 4096], Duration::ZERO);
    let table = vec![
        (vec![head("401 No", ""), flood.clone()], ModelError::Unauthorized),
        (vec![head("402 Pay", "")], ModelError::PaymentRequired),
        (vec![head("404 No", "")], ModelError::UnknownModel { model: "m".to_owned() }),
        (vec![head("413 Big", "")], ModelError::TooLong),
        (
            vec![head("429 Slow", "retry-after: 3\r\n"), flood.clone()],
            ModelError::RateLimited { retry_after: Some(Duration::from_secs(3)) },
        ),
        (vec![head("500 Oh", ""), flood], ModelError::ServerFailed { status: 500 }),
        (vec![head("503 Busy", ""), Act::Hold], ModelError::ServerFailed { status: 503 }),
    ];
    for (acts, expected) in table {
        assert_eq!(ask(acts, patient()).await, (vec![], Some(expected)));
    }
}

#[tokio::test]
async fn endless_answers_end() {
    let flood = |bytes: &str| vec![send(EVENTS), Act::Forever(bytes.as_bytes().to_vec(), Duration::ZERO)];
    let (deltas, error) = ask(flood(&word(&"z".repeat(4_000))), OpenAiConfig::default()).await;
    assert_eq!(error, Some(ModelError::TooLarge));
    assert!(deltas.len() <= 2 * 1024 * 1024 / 4_000);
    let no_line_end = vec![b'x'; 65_536];
    let (_, error) =
        ask(vec![send(EVENTS), Act::Forever(no_line_end, Duration::ZERO)], OpenAiConfig::default()).await;
    assert_eq!(error, Some(ModelError::TooLarge));
    let silent = (vec![], Some(ModelError::Silent { after: quick().first_token }));
    let empty = [": ping\n\n", "data: {\"choices\":[]}\n\n", "event: x\ndata: y\n\n"];
    let answers = join_all(empty.map(|empty| ask(flood(empty), quick()))).await;
    assert_eq!(answers, vec![silent; 3]);
}

#[tokio::test]
async fn silence_is_noticed_before_and_after_the_first_word() {
    let pinging = Act::Forever(b": ping\n\n".to_vec(), Duration::from_millis(10));
    let before = [vec![Act::Hold], vec![send(EVENTS), Act::Hold], vec![send(EVENTS), pinging.clone()]];
    let first = ModelError::Silent { after: quick().first_token };
    let answers = join_all(before.map(|acts| ask(acts, quick()))).await;
    assert_eq!(answers, vec![(vec![], Some(first.clone())); 3]);

    let after = [(Act::Hold, ModelError::Silent { after: quick().silence }), (pinging, first)];
    let answers = after.map(async |(act, error)| {
        let found = ask(vec![send(EVENTS), send(&word("a")), act], quick()).await;
        assert_eq!(found, (vec![text("a")], Some(error)));
    });
    join_all(answers).await;
}

#[tokio::test]
async fn keep_alives_and_slow_bytes_are_signs_of_life() {
    let config = OpenAiConfig { first_token: Duration::from_secs(10), ..quick() };
    let slow = Act::Drip(b":\n".repeat(60), Duration::from_millis(10));
    let dripped = Act::Drip(word("b").into_bytes(), Duration::from_millis(5));
    let acts = vec![send(EVENTS), send(&word("a")), slow, dripped, send(STOP), send(DONE)];
    let expected = vec![text("a"), text("b"), Delta::Finish(Finish::Stop)];
    assert_eq!(ask(acts, config).await, (expected, None));
}

#[tokio::test]
async fn a_complete_answer_leaves_its_connection_to_the_next_request() {
    let body = format!("{}{STOP}{DONE}", word("a"));
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let mut responder = Responder::start(vec![send(&answer), Act::Again]).await;
    let model = responder.model(OpenAiConfig::default());
    for _ in 0..3 {
        let (deltas, error) = collect(model.reply(request()).await.expect("it answers")).await;
        assert_eq!((deltas.last(), error), (Some(&Delta::Finish(Finish::Stop)), None));
        // A connection that was given up would say so between two requests.
        assert_ne!(responder.next_seen().await, "");
    }
}

#[tokio::test]
async fn dropping_the_stream_leaves_the_server() {
    let mut responder = Responder::start(vec![send(EVENTS), send(&word("a")), Act::Hold]).await;
    let model = responder.model(OpenAiConfig::default());
    let mut stream = model.reply(request()).await.expect("it answers");
    assert_eq!(stream.next().await, Some(Ok(text("a"))));
    assert_ne!(responder.next_seen().await, "");
    drop(stream);
    assert_eq!(responder.next_seen().await, "");
}

#[tokio::test]
async fn models_are_listed() {
    let list =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}";
    let mut responder = Responder::start(vec![send(list)]).await;
    let listed = responder.model(OpenAiConfig::default()).list_models().await;
    assert_eq!(listed, Ok(vec!["a".to_owned(), "b".to_owned()]));
    assert!(responder.next_seen().await.starts_with("GET /v1/models?version=7 HTTP/1.1\r\n"));
    let responder = Responder::start(vec![send("HTTP/1.1 404 No\r\n\r\n")]).await;
    let listed = responder.model(OpenAiConfig::default()).list_models().await;
    assert_eq!(listed, Err(ModelError::Rejected { status: 404 }));
}
