//! Vectors, over an engine that makes them of how long a text is.

use super::world::{door, wide_door, with_key};
use crate::problem::Refusal;
use crate::public::tests::ask;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::embeddings::{EmbeddingsView, MOST_TEXTS, NewEmbeddings};
use engine_client::wire::models::{ModelTarget, ModelView};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

const CONNECTION: Uuid = Uuid::from_u128(4);

async fn models() -> Json<Vec<ModelView>> {
    let target = ModelTarget::Connection(CONNECTION);
    Json(vec![ModelView { id: "nomic".into(), target, connection: Some("home".into()), created_at: 0 }])
}

async fn only_companions() -> Json<Vec<ModelView>> {
    let target = ModelTarget::Companion(Uuid::from_u128(5));
    Json(vec![ModelView { id: "Wren".into(), target, connection: None, created_at: 0 }])
}

async fn embed(Json(asked): Json<NewEmbeddings>) -> Response {
    assert!(asked.connection == CONNECTION && asked.texts.len() <= MOST_TEXTS);
    if asked.texts[0] == "busy" {
        let busy = Problem { retry_after: Some(7), ..Problem::new(ErrorCode::TooManyRequests, "a while") };
        return Refusal(busy).into_response();
    }
    let length = asked.dimensions.unwrap_or(2) as usize;
    let vectors = asked.texts.iter().map(|text| vec![text.len() as f32; length]).collect();
    Json(EmbeddingsView { model: None, vectors, tokens: asked.texts.len() as i64 }).into_response()
}

async fn asked(fields: Value) -> (StatusCode, Option<String>, Value) {
    let engine = Router::new().route("/api/v1/models", get(models)).route("/api/v1/embeddings", post(embed));
    asked_of(wide_door(engine), fields).await
}

async fn asked_of(door: Router, fields: Value) -> (StatusCode, Option<String>, Value) {
    let mut body = json!({"model": "nomic"});
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    let call = with_key(Method::POST, "/v1/embeddings").body(Body::from(body.to_string()));
    let (status, headers, body) = ask(&door, call.expect("a request")).await;
    let wait = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    (status, wait, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn one_text_and_several_become_vectors_in_their_order() {
    let (status, _, body) = asked(json!({"input": "abc"})).await;
    let expected = json!({
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [3.0, 3.0]}],
        "model": "nomic",
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    });
    assert_eq!((status, body), (StatusCode::OK, expected));
    let (_, _, body) =
        asked(json!({"input": ["abc", "z"], "dimensions": 1, "encoding_format": "float"})).await;
    assert_eq!(body["data"][1], json!({"object": "embedding", "index": 1, "embedding": [1.0]}));
    assert_eq!(body["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn base64_holds_the_same_numbers() {
    let (_, _, body) = asked(json!({"input": ["a"], "encoding_format": "base64"})).await;
    // 1.0 as a little-endian f32 is 00 00 80 3f.
    assert_eq!(body["data"][0]["embedding"], "AACAPwAAgD8=");
}

#[tokio::test]
async fn more_than_the_engine_takes_at_once_goes_in_portions() {
    let texts: Vec<String> = (0..=2 * MOST_TEXTS).map(|n| "x".repeat(n % 3 + 1)).collect();
    let (status, _, body) = asked(json!({"input": texts, "dimensions": 1})).await;
    assert_eq!(status, StatusCode::OK);
    let rows = body["data"].as_array().expect("rows");
    assert_eq!(rows.len(), texts.len());
    assert!(rows.iter().zip(&texts).enumerate().all(|(at, (row, text))| {
        row["index"] == at && row["embedding"][0].as_f64() == Some(text.len() as f64)
    }));
    assert_eq!(body["usage"]["prompt_tokens"], texts.len());
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_by_name() {
    for (fields, param, word) in [
        (json!({"input": [1, 2, 3]}), Some("input"), "send texts"),
        (json!({"input": [[1, 2], [3]]}), Some("input"), "send texts"),
        (json!({"input": []}), Some("input"), "1 to 2048"),
        (json!({"input": ["a", ""]}), Some("input"), "none of them empty"),
        (json!({"input": "a", "encoding_format": "int8"}), None, "int8"),
        (json!({}), None, "input"),
    ] {
        let (status, _, body) = asked(fields.clone()).await;
        assert_eq!((status, &body["error"]["param"]), (StatusCode::BAD_REQUEST, &json!(param)), "{fields}");
        assert!(
            body["error"]["message"].as_str().is_some_and(|said| said.contains(word)),
            "{fields}: {body}"
        );
    }
    let (status, wait, body) = asked(json!({"input": "busy"})).await;
    assert_eq!((status, wait.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("7")));
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
    let companions = door(Router::new().route("/api/v1/models", get(only_companions)));
    let (status, _, body) = asked_of(companions, json!({"input": "a", "model": "Wren"})).await;
    assert_eq!((status, &body["error"]["param"]), (StatusCode::BAD_REQUEST, &json!("model")));
}
