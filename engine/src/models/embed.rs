//! A model asked for vectors: nothing is kept but what it used.

use super::direct::{Call, DirectDesk, DirectError};
use crate::domain::ids::ConnectionId;
use crate::domain::person::Person;
use crate::domain::usage::{Outcome, Purpose, Tokens};
use crate::ports::embedders::{EmbeddingRequest, Embeddings};

impl DirectDesk {
    /// The vectors and how many tokens went in: as the provider counted, or a guess.
    pub async fn embed(
        &self,
        person: &Person,
        connection: ConnectionId,
        texts: Vec<String>,
        dimensions: Option<u32>,
    ) -> Result<(Embeddings, i64), DirectError> {
        let connection = self.find(person, connection).await?;
        let embedder = self.pool.embedder(&connection)?;
        let purpose = Purpose::Embedding;
        let call = Call { person, connection: &connection, companion: None, attempt: 1, purpose };
        let mut account = self.account(&call, texts.iter().map(String::len).sum()).await?;
        let request = EmbeddingRequest { texts, dimensions, request_id: account.entry.to_string() };
        match embedder.embed(&request).await {
            Ok(embeddings) => {
                // A server that answered is known by a name, if only by the one it was asked for.
                account.model = embeddings.model.clone().or_else(|| Some(connection.model.clone()));
                account.reported = embeddings.tokens.map(|prompt| {
                    (Tokens { prompt, completion: 0, estimated: false }, embeddings.cost_micros)
                });
                account.settle(Outcome::Done).await;
                let (tokens, _) = account.used();
                Ok((embeddings, tokens.prompt))
            }
            Err(error) => {
                account.settle(Outcome::Failed).await;
                Err(error.into())
            }
        }
    }
}
