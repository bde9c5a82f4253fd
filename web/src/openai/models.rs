//! `/v1/models`: whom and what a client may name as `model`, companions first.

use super::caller::Caller;
use super::errors::Complaint;
use axum::Json;
use axum::extract::Path;
use engine_client::client::EngineClient;
use engine_client::wire::models::ModelView;
use serde::Serialize;
use std::fmt::Write;

#[derive(Serialize)]
pub struct ModelList {
    object: &'static str,
    data: Vec<Model>,
}

#[derive(Serialize)]
pub struct Model {
    id: String,
    object: &'static str,
    /// Seconds since the epoch.
    created: i64,
    owned_by: String,
}

pub async fn list(Caller(engine): Caller) -> Result<Json<ModelList>, Complaint> {
    let offered: Vec<ModelView> = engine.get("/api/v1/models").await?;
    Ok(Json(ModelList { object: "list", data: offered.into_iter().map(model).collect() }))
}

pub async fn get(Caller(engine): Caller, Path(name): Path<String>) -> Result<Json<Model>, Complaint> {
    Ok(Json(model(meant(&engine, &name).await?)))
}

/// What a name means to this caller.
pub async fn meant(engine: &EngineClient, name: &str) -> Result<ModelView, Complaint> {
    let found: Vec<ModelView> = engine.get(&format!("/api/v1/models?name={}", escaped(name))).await?;
    found.into_iter().next().ok_or_else(|| Complaint::unknown_model(name))
}

fn model(view: ModelView) -> Model {
    Model {
        id: view.id,
        object: "model",
        created: view.created_at.div_euclid(1_000_000),
        owned_by: view.connection.unwrap_or_else(|| "whisperengine".to_owned()),
    }
}

/// For a query: every byte that could mean something else is written as its number.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes what is written to it");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_value_of_a_query() {
        assert_eq!(escaped("qwen2"), "qwen2");
        assert_eq!(escaped("a/b&c=d e+é%#"), "a%2Fb%26c%3Dd%20e%2B%C3%A9%25%23");
    }
}
