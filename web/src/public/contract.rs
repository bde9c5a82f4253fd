//! What `/api/v1` is, told to anybody: nothing in it is secret.

use super::router::Face;
use axum::Json;
use axum::extract::State;
use engine_client::contract::openapi::document;
use serde_json::Value;

pub async fn get(State(face): State<Face>) -> Json<Value> {
    Json(document(face.appliance.version()))
}
