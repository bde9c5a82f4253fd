//! Texts to vectors. An answer is taken only whole: a vector for each text, all of one length, of numbers.

use super::failure::{nonsense, of_outbound};
use super::model::OpenAiModel;
use super::wire::{EmbeddingAnswer, EmbeddingsAsked};
use crate::ports::embedders::{Embedder, EmbeddingRequest, Embeddings};
use crate::ports::models::ModelError;
use async_trait::async_trait;
use bytes::Bytes;
use engine_outbound::request::{Limits, OutboundRequest};
use http::{HeaderValue, header};

/// Room for 256 vectors of 8192 numbers, written out.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

#[async_trait]
impl Embedder for OpenAiModel {
    async fn embed(&self, request: &EmbeddingRequest) -> Result<Embeddings, ModelError> {
        let asked =
            EmbeddingsAsked { model: &self.model, input: &request.texts, dimensions: request.dimensions };
        let body =
            serde_json::to_vec(&asked).map_err(|_| nonsense("the request cannot be written as JSON"))?;
        let mut outgoing = OutboundRequest::post(self.url(&["embeddings"]), Bytes::from(body));
        outgoing.headers = self.headers("application/json")?;
        outgoing.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(&request.request_id) {
            outgoing.headers.insert("x-request-id", id);
        }
        outgoing.limits = Limits {
            headers: self.config.first_token,
            silence: self.config.silence,
            total: Some(self.config.first_token),
            body: ANSWER_BYTES as u64,
            redirects: 3,
        };
        let response = self.outbound.send(outgoing, &self.allow).await.map_err(of_outbound)?;
        if !response.status.is_success() {
            return Err(self.refusal(response).await);
        }
        let body = response.bytes(ANSWER_BYTES).await.map_err(of_outbound)?;
        let answer: EmbeddingAnswer = serde_json::from_slice(&body)
            .map_err(|_| nonsense("its vectors are not the JSON they should be"))?;
        checked(answer, request)
    }
}

fn checked(answer: EmbeddingAnswer, request: &EmbeddingRequest) -> Result<Embeddings, ModelError> {
    let mut rows = answer.data;
    rows.sort_by_key(|row| row.index);
    if rows.len() != request.texts.len() || !rows.iter().enumerate().all(|(at, row)| row.index == at) {
        return Err(nonsense("it does not give one vector for each text"));
    }
    let vectors: Vec<Vec<f32>> = rows.into_iter().map(|row| row.embedding).collect();
    let length =
        request.dimensions.map_or_else(|| vectors.first().map_or(0, Vec::len), |wanted| wanted as usize);
    if length == 0 || vectors.iter().any(|vector| vector.len() != length) {
        return Err(nonsense("its vectors have not the length they should have"));
    }
    if vectors.iter().flatten().any(|number| !number.is_finite()) {
        return Err(nonsense("its vectors hold what is no number"));
    }
    let tokens = answer.usage.as_ref().and_then(super::wire::Usage::prompt_if_told);
    let cost_micros = answer.usage.as_ref().and_then(super::wire::Usage::cost_micros);
    Ok(Embeddings { model: answer.model, vectors, tokens, cost_micros })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str, texts: usize, dimensions: Option<u32>) -> Result<Embeddings, ModelError> {
        let texts = vec!["x".to_owned(); texts];
        let request = EmbeddingRequest { texts, dimensions, request_id: String::new() };
        checked(serde_json::from_str(answer).expect("the table holds JSON"), &request)
    }

    #[test]
    fn vectors_come_in_the_order_of_their_texts() {
        let answer = r#"{"model":"m","data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[0.5,-1e-3]}],
            "usage":{"prompt_tokens":7,"total_tokens":7}}"#;
        let read = read(answer, 2, None).expect("vectors");
        assert_eq!(read.vectors, [vec![0.5, -0.001], vec![0.0, 1.0]]);
        assert_eq!((read.model.as_deref(), read.tokens, read.cost_micros), (Some("m"), Some(7), None));
    }

    #[test]
    fn what_is_not_whole_is_no_answer() {
        for (answer, texts, dimensions) in [
            (r#"{"data":[]}"#, 1, None),
            (r#"{"data":[{"index":0,"embedding":[1]}]}"#, 2, None),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#, 2, None),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}"#, 2, None),
            (r#"{"data":[{"index":0,"embedding":[]}]}"#, 1, None),
            (r#"{"data":[{"index":0,"embedding":[1,2,3]}]}"#, 1, Some(2)),
            (r#"{"data":[{"index":0,"embedding":[1e60]}]}"#, 1, None),
        ] {
            assert!(matches!(read(answer, texts, dimensions), Err(ModelError::Nonsense { .. })), "{answer}");
        }
    }
}
