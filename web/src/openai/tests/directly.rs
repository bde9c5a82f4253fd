//! A model without a companion, over an engine that passes on what the test says.

use super::world::{door, with_key};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine_client::problem::{ErrorCode, PROBLEM_JSON, Problem};
use engine_client::wire::completions::{Completion, CompletionEnd, CompletionEvent, FinishView, SpeakerView};
use engine_client::wire::models::{ModelTarget, ModelView};
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

const CONNECTION: Uuid = Uuid::from_u128(4);

async fn models() -> Json<Vec<ModelView>> {
    let target = ModelTarget::Connection(CONNECTION);
    Json(vec![ModelView { id: "qwen".into(), target, connection: Some("home".into()), created_at: 0 }])
}

/// Answers as the first message asks it to.
async fn complete(Json(asked): Json<Completion>) -> Response {
    assert_eq!(
        (asked.target, asked.messages[0].speaker),
        (ModelTarget::Connection(CONNECTION), SpeakerView::System)
    );
    let busy = Problem { retry_after: Some(7), ..Problem::new(ErrorCode::TooManyRequests, "a while") };
    let failed = Problem::new(ErrorCode::ModelFailed, "it broke off");
    let end = CompletionEnd {
        model: Some("qwen-2".into()),
        prompt_tokens: 11,
        completion_tokens: 3,
        finish: FinishView::Length,
    };
    let text = |text: &str| CompletionEvent::Text(text.into());
    let events = match asked.messages[0].text.as_str() {
        "busy" => {
            let body = serde_json::to_string(&busy).expect("plain");
            return (StatusCode::TOO_MANY_REQUESTS, [(header::CONTENT_TYPE, PROBLEM_JSON)], body)
                .into_response();
        }
        "fail at once" => vec![CompletionEvent::Error(failed)],
        "fail" => vec![text("t1"), CompletionEvent::Error(failed)],
        "break" => vec![text("t1")],
        "nothing" => vec![CompletionEvent::Done(end)],
        _ => vec![text("t1"), text(" t2"), CompletionEvent::Done(end)],
    };
    let frames: String = events.iter().map(CompletionEvent::to_frame).collect();
    ([(header::CONTENT_TYPE, "text/event-stream")], frames).into_response()
}

async fn ask(how: &str, stream: bool) -> Response {
    let engine =
        Router::new().route("/api/v1/models", get(models)).route("/api/v1/completions", post(complete));
    let messages = json!([{"role": "system", "content": how}, {"role": "user", "content": "hi"}]);
    let options = json!({"include_usage": true});
    let asked = json!({"model": "qwen", "messages": messages, "stream": stream, "stream_options": options, "store": false});
    let call = with_key(Method::POST, "/v1/chat/completions").body(Body::from(asked.to_string()));
    door(engine).oneshot(call.expect("a request")).await.unwrap_or_else(|never| match never {})
}

async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.expect("it ends").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

fn chunks(text: &str) -> Vec<Value> {
    let data = text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").expect("a frame"));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
}

#[tokio::test]
async fn an_answer_is_passed_through_in_both_forms() {
    let whole: Value = serde_json::from_str(&text(ask("", false).await).await).expect("JSON");
    let choice = &whole["choices"][0];
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("t1 t2"), &json!("length"))
    );
    assert_eq!((&whole["model"], &whole["usage"]["total_tokens"]), (&json!("qwen"), &json!(14)));
    let chunks = chunks(&text(ask("", true).await).await);
    assert_eq!(chunks.len(), 6, "{chunks:?}");
    let words: Vec<&Value> =
        chunks[..3].iter().map(|chunk| &chunk["choices"][0]["delta"]["content"]).collect();
    assert_eq!(words, ["", "t1", " t2"]);
    assert_eq!(chunks[3]["choices"][0]["finish_reason"], "length");
    assert_eq!((&chunks[4]["usage"]["prompt_tokens"], &chunks[5]), (&json!(11), &json!("[DONE]")));
}

#[tokio::test]
async fn an_answer_without_a_word_ends_all_the_same() {
    let chunks = chunks(&text(ask("nothing", true).await).await);
    assert_eq!(chunks.len(), 4, "{chunks:?}");
    assert_eq!(chunks.last(), Some(&json!("[DONE]")));
}

#[tokio::test]
async fn a_failure_has_its_status_before_the_first_word_and_a_frame_after_it() {
    for stream in [false, true] {
        let response = ask("busy", stream).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
        let response = ask("fail at once", stream).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert!(text(response).await.contains(r#""code":"model_failed""#));
    }
    for (how, code) in [("fail", "model_failed"), ("break", "interrupted")] {
        let chunks = chunks(&text(ask(how, true).await).await);
        assert_eq!(chunks.len(), 3, "{chunks:?}");
        assert_eq!(chunks[2]["error"]["code"], code);
        assert_eq!(ask(how, false).await.status(), StatusCode::BAD_GATEWAY);
    }
}

#[tokio::test]
async fn a_companion_that_is_to_remember_nothing_is_asked_aside() {
    const WREN: ModelTarget = ModelTarget::Companion(Uuid::from_u128(5));
    let wren =
        async || Json(vec![ModelView { id: "Wren".into(), target: WREN, connection: None, created_at: 0 }]);
    // No other route is there: no conversation is looked for, no turn is taken.
    let engine = Router::new().route("/api/v1/models", get(wren)).route(
        "/api/v1/completions",
        post(async |Json(asked): Json<Completion>| {
            assert_eq!((asked.target, asked.messages.len()), (WREN, 2));
            let end = CompletionEnd {
                model: None,
                prompt_tokens: 1,
                completion_tokens: 1,
                finish: FinishView::Stop,
            };
            let events = [CompletionEvent::Text("aside".into()), CompletionEvent::Done(end)];
            let frames: String = events.iter().map(CompletionEvent::to_frame).collect();
            ([(header::CONTENT_TYPE, "text/event-stream")], frames)
        }),
    );
    let door = door(engine);
    let messages = json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]);
    for (query, store) in
        [("", Some(false)), ("?memory=off", None), ("?memory=off", Some(true)), ("?memory=on", Some(false))]
    {
        let asked = json!({"model": "Wren", "messages": messages, "store": store});
        let call = with_key(Method::POST, &format!("/v1/chat/completions{query}"));
        let call = call.body(Body::from(asked.to_string())).expect("a request");
        let response = door.clone().oneshot(call).await.unwrap_or_else(|never| match never {});
        let whole: Value = serde_json::from_str(&text(response).await).expect("JSON");
        assert_eq!(whole["choices"][0]["message"]["content"], "aside", "{query} {store:?}: {whole}");
    }
    let asked = json!({"model": "Wren", "messages": messages});
    let call = with_key(Method::POST, "/v1/chat/completions?memory=some").body(Body::from(asked.to_string()));
    let response = door.oneshot(call.expect("a request")).await.unwrap_or_else(|never| match never {});
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(text(response).await.contains(r#""param":"memory""#));
}
