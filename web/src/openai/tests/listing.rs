//! What there is to ask for.

use super::world::{door, get};
use axum::extract::Query;
use axum::{Json, Router};
use engine_client::wire::models::{ModelTarget, ModelView};
use http::StatusCode;
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

fn offered() -> Vec<ModelView> {
    let view = |id: &str, target, connection: Option<&str>| ModelView {
        id: id.into(),
        target,
        connection: connection.map(Into::into),
        created_at: 1_700_000_000_900_000,
    };
    vec![
        view("Élena & co", ModelTarget::Companion(Uuid::from_u128(1)), None),
        view("meta/llama-3", ModelTarget::Connection(Uuid::from_u128(2)), Some("home")),
    ]
}

async fn models(Query(asked): Query<HashMap<String, String>>) -> Json<Vec<ModelView>> {
    let name = asked.get("name").cloned();
    Json(offered().into_iter().filter(|view| name.as_ref().is_none_or(|name| view.id == *name)).collect())
}

fn engine() -> Router {
    Router::new().route("/api/v1/models", axum::routing::get(models))
}

#[tokio::test]
async fn the_list_has_companions_first_and_says_whose_each_is() {
    let (status, _, body) = get(&door(engine()), "/v1/models").await;
    assert_eq!(status, StatusCode::OK);
    let row = |id: &str, owner: &str| json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": owner});
    let rows = [row("Élena & co", "whisperengine"), row("meta/llama-3", "home")];
    assert_eq!(body, json!({"object": "list", "data": rows}));
}

#[tokio::test]
async fn one_is_found_by_its_name_whatever_is_in_it() {
    let door = door(engine());
    for (path, id) in
        [("/v1/models/meta/llama-3", "meta/llama-3"), ("/v1/models/%C3%89lena%20%26%20co", "Élena & co")]
    {
        let (status, _, body) = get(&door, path).await;
        assert_eq!((status, &body["id"]), (StatusCode::OK, &json!(id)), "{path}");
    }
    let (status, _, body) = get(&door, "/v1/models/nobody").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let error = &body["error"];
    assert_eq!((&error["code"], &error["param"]), (&json!("model_not_found"), &json!("model")));
    assert!(error["message"].as_str().is_some_and(|words| words.contains("`nobody`")), "{error}");
}
