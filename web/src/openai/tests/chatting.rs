//! A chat with a companion, over an engine whose turn says what the test tells it to.

use super::world::{door, with_key};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use engine_client::events::{Place, Stage, TurnEvent};
use engine_client::wire::continuations::{ContinuationView, History};
use engine_client::wire::models::{ModelTarget, ModelView};
use engine_client::wire::turns::{AttemptView, FailureView, NewTurn, TurnStateView, TurnView};
use futures::stream;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};
use tower::ServiceExt;
use uuid::Uuid;

const CONVERSATION: Uuid = Uuid::from_u128(5);

/// The engine's side of it.
struct Engine {
    history: Mutex<Option<History>>,
    turn: Mutex<Option<NewTurn>>,
    /// One stream of events for each time somebody follows.
    lines: Mutex<mpsc::UnboundedReceiver<mpsc::UnboundedReceiver<TurnEvent>>>,
    stopped: mpsc::UnboundedSender<Uuid>,
}

struct Ground {
    door: Router,
    engine: Arc<Engine>,
    lines: mpsc::UnboundedSender<mpsc::UnboundedReceiver<TurnEvent>>,
    stopped: mpsc::UnboundedReceiver<Uuid>,
}

impl Ground {
    fn new() -> Self {
        let (lines, followed) = mpsc::unbounded_channel();
        let (stop, stopped) = mpsc::unbounded_channel();
        let engine = Arc::new(Engine {
            history: Mutex::default(),
            turn: Mutex::default(),
            lines: Mutex::new(followed),
            stopped: stop,
        });
        let routes = Router::new()
            .route("/api/v1/models", get(models))
            .route("/api/v1/continuations", post(continuation))
            .route("/api/v1/conversations/{id}/turns", post(take))
            .route("/api/v1/turns/{id}/events", get(follow))
            .route("/api/v1/turns/{id}", axum::routing::delete(stop_turn))
            .with_state(Arc::clone(&engine));
        Self { door: door(routes), engine, lines, stopped }
    }

    /// The next who follows hears what is said here.
    fn line(&self) -> mpsc::UnboundedSender<TurnEvent> {
        let (say, said) = mpsc::unbounded_channel();
        self.lines.send(said).expect("the engine lives");
        say
    }

    async fn ask(&self, fields: &Value) -> Response {
        let mut asked = json!({"model": "wren", "messages": [{"role": "user", "content": "hi"}]});
        asked.as_object_mut().expect("it is one").extend(fields.as_object().expect("fields").clone());
        let call = with_key(Method::POST, "/v1/chat/completions").body(Body::from(asked.to_string()));
        self.door.clone().oneshot(call.expect("a request")).await.unwrap_or_else(|never| match never {})
    }
}

async fn models() -> Json<Vec<ModelView>> {
    let target = ModelTarget::Companion(Uuid::from_u128(1));
    Json(vec![ModelView { id: "Wren".into(), target, connection: None, created_at: 0 }])
}

async fn continuation(
    State(engine): State<Arc<Engine>>,
    Json(history): Json<History>,
) -> Json<ContinuationView> {
    *engine.history.lock().await = Some(history);
    Json(ContinuationView {
        conversation: CONVERSATION,
        parent: Some(Uuid::from_u128(6)),
        text: "only the tail".into(),
        history: "f00d".into(),
    })
}

async fn take(
    State(engine): State<Arc<Engine>>,
    Path(conversation): Path<Uuid>,
    Json(new): Json<NewTurn>,
) -> Json<TurnView> {
    assert_eq!(conversation, CONVERSATION);
    let view = turn(new.id, TurnStateView::Running, "");
    *engine.turn.lock().await = Some(new);
    Json(view)
}

async fn follow(State(engine): State<Arc<Engine>>) -> Response {
    let line = engine.lines.lock().await.recv().await.expect("the test says something");
    let frames = stream::unfold(line, |mut line| async move {
        let event = line.recv().await?;
        Some((Ok::<_, Infallible>(Bytes::from(event.to_frame())), line))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(frames)).into_response()
}

async fn stop_turn(State(engine): State<Arc<Engine>>, Path(id): Path<Uuid>) -> StatusCode {
    engine.stopped.send(id).expect("the test listens");
    StatusCode::ACCEPTED
}

fn turn(id: Uuid, state: TurnStateView, text: &str) -> TurnView {
    let attempt = AttemptView {
        attempt: 1,
        model: Some("scripted".into()),
        outcome: "done".into(),
        prompt_tokens: 11,
        completion_tokens: 3,
        estimated: false,
        cost_micros: None,
        first_token_us: None,
    };
    TurnView {
        id,
        conversation: CONVERSATION,
        message: Uuid::from_u128(7),
        reply: Uuid::from_u128(8),
        state,
        text: text.into(),
        revision: 0,
        model: None,
        failure: None,
        attempts: vec![attempt],
        recalled: Vec::new(),
        created_at: 1_700_000_000_000_000,
        finished_at: None,
    }
}

fn text(at: usize, text: &str) -> TurnEvent {
    TurnEvent::Text { at: Place { revision: 0, offset: at }, text: text.into() }
}

fn done(state: TurnStateView, text: &str) -> TurnEvent {
    TurnEvent::Done(Box::new(turn(Uuid::from_u128(9), state, text)))
}

fn failed(code: &str) -> TurnEvent {
    let failure = Some(FailureView { code: code.into(), detail: "why it failed".into() });
    TurnEvent::Done(Box::new(TurnView { failure, ..turn(Uuid::from_u128(9), TurnStateView::Failed, "") }))
}

fn say(line: &mpsc::UnboundedSender<TurnEvent>, events: impl IntoIterator<Item = TurnEvent>) {
    for event in events {
        line.send(event).expect("somebody follows or will");
    }
}

/// One frame as it comes.
async fn frame(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?.expect("the stream does not fail").into_data().expect("data");
    Some(String::from_utf8(frame.to_vec()).expect("text"))
}

fn chunk(frame: &str) -> Value {
    let data = frame.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).expect("one frame");
    serde_json::from_str(data).unwrap_or_else(|_| json!(data))
}

async fn rest(mut body: Body) -> Vec<Value> {
    let mut chunks = Vec::new();
    while let Some(frame) = frame(&mut body).await {
        chunks.push(chunk(&frame));
    }
    chunks
}

#[tokio::test]
async fn each_word_is_a_chunk_as_soon_as_it_is_known() {
    let ground = Ground::new();
    let line = ground.line();
    say(&line, [TurnEvent::Stage(Stage::Thinking), text(2, "t1")]);
    let options = json!({"stream": true, "stream_options": {"include_usage": true}, "max_tokens": 3});
    let response = ground.ask(&options).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body();
    let opening = chunk(&frame(&mut body).await.expect("who speaks"));
    assert_eq!(opening["choices"][0]["delta"]["role"], "assistant");
    assert_eq!((&opening["object"], &opening["model"]), (&json!("chat.completion.chunk"), &json!("Wren")));
    // The second word is not said yet.
    let first = chunk(&frame(&mut body).await.expect("a word"));
    assert_eq!(first["choices"][0]["delta"], json!({"content": "t1"}));
    assert_eq!((&first["usage"], &first["choices"][0]["finish_reason"]), (&Value::Null, &Value::Null));
    say(&line, [text(5, " t2"), done(TurnStateView::Done, "t1 t2")]);
    let chunks = rest(body).await;
    assert_eq!(chunks.len(), 4, "{chunks:?}");
    assert_eq!(chunks[0]["choices"][0]["delta"]["content"], " t2");
    // Three tokens were allowed, and three were counted.
    assert_eq!(chunks[1]["choices"][0]["finish_reason"], "length");
    assert_eq!(chunks[2]["choices"], json!([]));
    let usage = json!({"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14});
    assert_eq!(chunks[2]["usage"], usage);
    assert_eq!(chunks[3], json!("[DONE]"));
    let ids = [&opening["id"], &first["id"], &chunks[1]["id"], &chunks[2]["id"]];
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn without_a_stream_the_answer_is_one_document() {
    let ground = Ground::new();
    say(&ground.line(), [text(2, "t1"), text(5, " t2"), done(TurnStateView::Done, "t1 t2")]);
    let messages = json!([
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": [{"type": "text", "text": "three"}]},
    ]);
    let response = ground.ask(&json!({"messages": messages, "max_completion_tokens": 50})).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.expect("it ends").to_bytes();
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["object"], "chat.completion");
    let choice = &body["choices"][0];
    assert_eq!(
        (&choice["message"]["role"], &choice["message"]["content"]),
        (&json!("assistant"), &json!("t1 t2"))
    );
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(body["usage"]["total_tokens"], 14);
    assert!(body["created"].as_i64().is_some_and(|at| at > 1_700_000_000), "{body}");
    let history = ground.engine.history.lock().await.clone().expect("the engine was asked");
    let told: Vec<&str> = history.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(told, ["one", "two", "three"]);
    let turn = ground.engine.turn.lock().await.clone().expect("a turn was made");
    assert_eq!((turn.text.as_str(), turn.parent), ("only the tail", Some(Uuid::from_u128(6))));
    assert_eq!((turn.history.as_deref(), turn.max_tokens), (Some("f00d"), Some(50)));
}

#[tokio::test]
async fn a_client_that_leaves_stops_its_turn_and_one_that_stays_does_not() {
    let mut ground = Ground::new();
    let line = ground.line();
    say(&line, [text(2, "t1")]);
    let mut body = ground.ask(&json!({"stream": true})).await.into_body();
    frame(&mut body).await.expect("who speaks");
    frame(&mut body).await.expect("a word");
    drop(body);
    let turn = ground.engine.turn.lock().await.clone().expect("a turn was made");
    assert_eq!(ground.stopped.recv().await, Some(turn.id));

    say(&ground.line(), [text(2, "t1"), done(TurnStateView::Done, "t1")]);
    assert_eq!(rest(ground.ask(&json!({"stream": true})).await.into_body()).await.len(), 4);
    assert!(ground.stopped.is_empty());
}

#[tokio::test]
async fn a_failure_before_the_first_word_has_its_own_status() {
    for (code, status, expected) in [
        ("model_rate_limited", 429, "rate_limit_exceeded"),
        ("model_too_long", 400, "context_length_exceeded"),
        ("model_unauthorized", 502, "model_unauthorized"),
    ] {
        for stream in [false, true] {
            let ground = Ground::new();
            say(&ground.line(), [failed(code)]);
            let response = ground.ask(&json!({"stream": stream})).await;
            assert_eq!(response.status().as_u16(), status, "{code}");
            let body = response.into_body().collect().await.expect("it ends").to_bytes();
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(
                (&body["error"]["code"], &body["error"]["message"]),
                (&json!(expected), &json!("why it failed"))
            );
        }
    }
}

#[tokio::test]
async fn a_failure_after_it_ends_the_stream_with_an_error_and_no_pretended_end() {
    let void = TurnEvent::Reset { at: Place { revision: 1, offset: 0 } };
    for (event, code) in [(failed("model_cut"), "model_cut"), (void, "interrupted")] {
        let ground = Ground::new();
        say(&ground.line(), [text(2, "t1"), event]);
        let chunks = rest(ground.ask(&json!({"stream": true})).await.into_body()).await;
        assert_eq!(chunks.len(), 3, "{chunks:?}");
        assert_eq!(chunks[2]["error"]["code"], code);
        assert!(chunks.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()), "{chunks:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_breaks_is_taken_up_again_and_silence_is_kept_alive() {
    let ground = Ground::new();
    let (broken, line) = (ground.line(), ground.line());
    say(&broken, [text(2, "t1")]);
    drop(broken);
    let mut body = ground.ask(&json!({"stream": true})).await.into_body();
    frame(&mut body).await.expect("who speaks");
    assert_eq!(chunk(&frame(&mut body).await.expect("a word"))["choices"][0]["delta"]["content"], "t1");
    assert_eq!(frame(&mut body).await.as_deref(), Some(": alive\n\n"));
    say(&line, [text(5, " t2"), done(TurnStateView::Done, "t1 t2")]);
    let chunks = rest(body).await;
    assert_eq!(chunks[0]["choices"][0]["delta"]["content"], " t2");
    assert_eq!(chunks.last(), Some(&json!("[DONE]")));
}

#[tokio::test]
async fn what_cannot_be_kept_apart_is_refused_before_anything_is_stored() {
    let ground = Ground::new();
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]);
    let response = ground.ask(&json!({"messages": image})).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let body = response.into_body().collect().await.expect("it ends").to_bytes();
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["error"]["param"], "messages");
    assert!(ground.engine.turn.lock().await.is_none());
}
