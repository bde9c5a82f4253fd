//! One collection per installation, embedder and dimension; made when it is not there.
//!
//! An owner has at most some ten thousand memories, found through the payload indexes and compared one
//! by one, so the graph over the whole collection is left out: it would cost memory and serve nobody.

use crate::adapters::embedding::Embedding;
use crate::ports::vectors::IndexError;
use qdrant_client::qdrant::{
    CollectionInfo, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, Distance, FieldType,
    HnswConfigDiffBuilder, KeywordIndexParamsBuilder, VectorParams, VectorParamsBuilder, vectors_config,
};
use qdrant_client::{Qdrant, QdrantError};
use sha2::{Digest, Sha256};

pub const TENANT: &str = "tenant";
pub const PERSON: &str = "person";
pub const COMPANION: &str = "companion";
pub const SCOPE: &str = "scope";

/// Readable, of characters Qdrant takes, and never the same for two embedders.
pub fn name(prefix: &str, embedding: &Embedding) -> String {
    let readable = embedding.model.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let readable: String = readable.take(60).collect();
    let digest = Sha256::digest(embedding.model.as_bytes());
    let digest: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}_{readable}_{digest}_{}", embedding.dimension)
}

/// Makes what is missing; safe to run again and beside other processes.
pub async fn prepare(client: &Qdrant, name: &str, dimension: usize) -> Result<(), IndexError> {
    if !client.collection_exists(name).await.map_err(unavailable)? {
        let vectors = VectorParamsBuilder::new(dimension as u64, Distance::Cosine);
        let collection = CreateCollectionBuilder::new(name)
            .vectors_config(vectors)
            .hnsw_config(HnswConfigDiffBuilder::default().m(0));
        // Another process may have been quicker; what counts is looked at below.
        if let Err(error) = client.create_collection(collection).await
            && !client.collection_exists(name).await.map_err(unavailable)?
        {
            return Err(unavailable(error));
        }
    }
    let answer = client.collection_info(name).await.map_err(unavailable)?;
    let vectors = answer.result.and_then(vectors).ok_or_else(|| {
        IndexError::Unavailable("the collection holds no single kind of vector: remove it".into())
    })?;
    if vectors.size != dimension as u64 {
        return Err(IndexError::Dimension { expected: vectors.size as usize, found: dimension });
    }
    if vectors.distance() != Distance::Cosine {
        return Err(IndexError::Unavailable("the collection does not compare by cosine: remove it".into()));
    }
    for field in [TENANT, PERSON, COMPANION, SCOPE] {
        let keyword = KeywordIndexParamsBuilder::default().is_tenant(field == TENANT);
        let index = CreateFieldIndexCollectionBuilder::new(name, field, FieldType::Keyword)
            .field_index_params(keyword)
            .wait(true);
        client.create_field_index(index).await.map_err(unavailable)?;
    }
    Ok(())
}

fn vectors(collection: CollectionInfo) -> Option<VectorParams> {
    match collection.config?.params?.vectors_config?.config? {
        vectors_config::Config::Params(params) => Some(params),
        vectors_config::Config::ParamsMap(_) => None,
    }
}

/// Our words and the server's, without the headers that the client's own message lists.
pub fn unavailable(error: QdrantError) -> IndexError {
    let reason = match error {
        QdrantError::ResponseError { status } | QdrantError::ResourceExhaustedError { status, .. } => {
            format!("{}: {}", status.code(), status.message())
        }
        other => other.to_string(),
    };
    IndexError::Unavailable(reason)
}
