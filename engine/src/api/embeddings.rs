//! Texts to vectors, for everybody who lives here: the owner connected the model for them.

use super::completions::failed;
use super::extract::Document;
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use crate::domain::ids::ConnectionId;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine_client::wire::embeddings::{EmbeddingsView, MOST_TEXTS, NewEmbeddings};

const LONGEST_VECTOR: u32 = 65_536;

pub async fn embed(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<NewEmbeddings>,
) -> Result<Response, ApiError> {
    if !(1..=MOST_TEXTS).contains(&asked.texts.len()) || asked.texts.iter().any(String::is_empty) {
        return Err(ApiError::invalid(format!("texts: 1 to {MOST_TEXTS}, none of them empty")));
    }
    if asked.dimensions.is_some_and(|wanted| !(1..=LONGEST_VECTOR).contains(&wanted)) {
        return Err(ApiError::invalid(format!("dimensions: 1 to {LONGEST_VECTOR}")));
    }
    match api.direct.embed(&person, ConnectionId(asked.connection), asked.texts, asked.dimensions).await {
        Ok((embeddings, tokens)) => {
            Ok(Json(EmbeddingsView { model: embeddings.model, vectors: embeddings.vectors, tokens })
                .into_response())
        }
        Err(error) => failed(error),
    }
}
