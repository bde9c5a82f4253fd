//! `/v1/embeddings`: texts to vectors, by a connected model that makes them.

use super::caller::Caller;
use super::errors::Complaint;
use super::models::meant;
use axum::Json;
use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine_client::problem::ErrorCode;
use engine_client::wire::embeddings::{EmbeddingsView, MOST_TEXTS, NewEmbeddings};
use engine_client::wire::models::ModelTarget;
use http::StatusCode;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// As many as OpenAI takes; the engine is asked for them in portions.
const MOST_INPUTS: usize = 2048;

#[derive(Deserialize)]
struct Document {
    model: String,
    /// A text or a list of texts.
    input: Value,
    #[serde(default)]
    encoding_format: Encoding,
    dimensions: Option<u32>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

#[derive(Serialize)]
pub struct Answer {
    object: &'static str,
    data: Vec<Row>,
    /// As the client is told to name it.
    model: String,
    usage: Usage,
}

#[derive(Serialize)]
struct Row {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector {
    Numbers(Vec<f32>),
    Bytes(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: i64,
    total_tokens: i64,
}

pub async fn post(Caller(engine): Caller, request: Request) -> Result<Json<Answer>, Complaint> {
    let bytes = request.into_body().collect().await.map_err(|_| {
        let cut = "the request could not be read to its end";
        Complaint::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid.as_str(), cut)
    })?;
    let asked: Document = serde_json::from_slice(&bytes.to_bytes()).map_err(|error| {
        Complaint::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid.as_str(), error.to_string())
    })?;
    let texts = texts(asked.input)?;
    let model = meant(&engine, &asked.model).await?;
    let ModelTarget::Connection(connection) = model.target else {
        let message =
            format!("{} is a companion and makes no vectors; GET /v1/models lists the models", model.id);
        return Err(Complaint::field("model", message));
    };
    let (mut data, mut prompt_tokens) = (Vec::with_capacity(texts.len()), 0);
    for portion in texts.chunks(MOST_TEXTS) {
        let new = NewEmbeddings { connection, texts: portion.to_vec(), dimensions: asked.dimensions };
        let made: EmbeddingsView = engine.post("/api/v1/embeddings", &new).await?;
        prompt_tokens += made.tokens;
        for vector in made.vectors {
            let embedding = written(vector, asked.encoding_format);
            data.push(Row { object: "embedding", index: data.len(), embedding });
        }
    }
    let usage = Usage { prompt_tokens, total_tokens: prompt_tokens };
    Ok(Json(Answer { object: "list", data, model: model.id, usage }))
}

fn texts(input: Value) -> Result<Vec<String>, Complaint> {
    let texts = match input {
        Value::Array(items) => items.into_iter().map(text).collect::<Result<_, _>>()?,
        one => vec![text(one)?],
    };
    if !(1..=MOST_INPUTS).contains(&texts.len()) || texts.iter().any(String::is_empty) {
        return Err(Complaint::field("input", format!("1 to {MOST_INPUTS} texts, none of them empty")));
    }
    Ok(texts)
}

fn text(item: Value) -> Result<String, Complaint> {
    match item {
        Value::String(text) => Ok(text),
        _ => {
            let message = "send texts: numbers of tokens mean something else to every model";
            Err(Complaint::field("input", message))
        }
    }
}

fn written(vector: Vec<f32>, encoding: Encoding) -> Vector {
    match encoding {
        Encoding::Float => Vector::Numbers(vector),
        Encoding::Base64 => Vector::Bytes(
            STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>()),
        ),
    }
}
