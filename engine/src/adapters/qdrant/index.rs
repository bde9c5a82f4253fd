//! Writing to the collection and asking it.
//!
//! A point's id is the memory's; its payload says whose it is and where it may surface. Nothing is
//! connected until the first call, which also prepares the collection, and again after it has vanished
//! on the server. No retries here: recall goes on without, and the outbox brings changes again.

use super::collection::{self, COMPANION, PERSON, SCOPE, TENANT, unavailable};
use crate::adapters::embedding::{self, Embedding};
use crate::domain::ids::MemoryId;
use crate::domain::memory::{Owner, Scope};
use crate::ports::vectors::{IndexError, Near, VectorIndex, VectorRow};
use async_trait::async_trait;
use qdrant_client::qdrant::{
    Condition, DeletePointsBuilder, Filter, PointStruct, Query, QueryPointsBuilder, ScoredPoint,
    SearchParamsBuilder, UpsertPointsBuilder, point_id::PointIdOptions,
};
use qdrant_client::{Payload, Qdrant, QdrantError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What one call to the server may take, and the whole of one of ours.
const CALL: Duration = Duration::from_secs(2);
const CONNECT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(5);
/// Points per call: with the longest vectors in use still far below the 64 MiB a server takes.
const BATCH: usize = 256;
/// More than recall ever asks for; a server makes room for this many before it looks.
const MOST: usize = 10_000;

pub struct QdrantConfig {
    /// `http://host:6334`, or `https://…` checked against the system's authorities.
    pub url: String,
    pub api_key: Option<Zeroizing<String>>,
    /// Tells installations on one server apart.
    pub prefix: String,
}

pub struct QdrantIndex {
    client: Qdrant,
    embedding: Embedding,
    collection: String,
    prepared: AtomicBool,
    preparing: Mutex<()>,
}

impl QdrantIndex {
    /// Connects to nothing yet.
    pub fn new(config: &QdrantConfig, embedding: Embedding) -> Result<Self, IndexError> {
        let client = Qdrant::from_url(&config.url)
            .api_key(config.api_key.as_ref().map(|key| key.to_string()))
            .timeout(CALL)
            .connect_timeout(CONNECT)
            .skip_compatibility_check()
            .build()
            .map_err(unavailable)?;
        let collection = collection::name(&config.prefix, &embedding);
        Ok(Self {
            client,
            embedding,
            collection,
            prepared: AtomicBool::new(false),
            preparing: Mutex::new(()),
        })
    }

    /// Makes the collection where there is none; `Dimension` where one is there that does not fit.
    pub async fn prepare(&self) -> Result<(), IndexError> {
        if self.prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        let _one = self.preparing.lock().await;
        if !self.prepared.load(Ordering::Acquire) {
            collection::prepare(&self.client, &self.collection, self.embedding.dimension).await?;
            self.prepared.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Runs one call on a prepared collection, in bounded time.
    async fn call<T>(&self, call: impl Future<Output = Result<T, QdrantError>>) -> Result<T, IndexError> {
        let call = async {
            // Boxed, as the calls are: the client's futures are large, and all callers would carry them.
            Box::pin(self.prepare()).await?;
            call.await.map_err(|error| {
                if let QdrantError::ResponseError { status } = &error
                    && i32::from(status.code()) == NOT_FOUND
                {
                    // Somebody removed the collection: the next call makes it anew.
                    self.prepared.store(false, Ordering::Release);
                }
                unavailable(error)
            })
        };
        let late = |_| IndexError::Unavailable(format!("it said nothing for {} s", PATIENCE.as_secs()));
        timeout(PATIENCE, call).await.map_err(late)?
    }

    async fn delete(&self, filter: Filter) -> Result<(), IndexError> {
        let request = DeletePointsBuilder::new(&self.collection).points(filter).wait(true);
        self.call(Box::pin(self.client.delete_points(request))).await.map(drop)
    }
}

/// gRPC's number for it.
const NOT_FOUND: i32 = 5;

#[async_trait]
impl VectorIndex for QdrantIndex {
    async fn upsert(&self, rows: &[VectorRow]) -> Result<(), IndexError> {
        for rows in self.embedding.own(rows)?.chunks(BATCH) {
            let mut points = Vec::with_capacity(rows.len());
            for row in rows {
                match embedding::unit(&row.vector) {
                    Some(unit) => points.push(point(row, unit)),
                    None => self.remove(row.owner, &[row.memory]).await?,
                }
            }
            if !points.is_empty() {
                let request = UpsertPointsBuilder::new(&self.collection, points).wait(true);
                self.call(Box::pin(self.client.upsert_points(request))).await?;
            }
        }
        Ok(())
    }

    async fn remove(&self, owner: Owner, ids: &[MemoryId]) -> Result<(), IndexError> {
        for ids in ids.chunks(BATCH) {
            let mut conditions = of(owner);
            conditions.push(Condition::has_id(ids.iter().map(MemoryId::to_string)));
            self.delete(Filter::must(conditions)).await?;
        }
        Ok(())
    }

    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Near>, IndexError> {
        self.embedding.check(vector)?;
        let Some(unit) = embedding::unit(vector) else { return Ok(Vec::new()) };
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut conditions = of(owner);
        conditions.push(Condition::matches(SCOPE, scope_word(scope)));
        let request = QueryPointsBuilder::new(&self.collection)
            .query(Query::new_nearest(unit))
            .filter(Filter::must(conditions))
            .params(SearchParamsBuilder::default().exact(true))
            .limit(limit.min(MOST) as u64);
        let answer = self.call(Box::pin(self.client.query(request))).await?;
        let mut near = answer.result.into_iter().map(near).collect::<Result<Vec<Near>, IndexError>>()?;
        near.sort_by(|one, other| {
            other.similarity.total_cmp(&one.similarity).then(one.memory.cmp(&other.memory))
        });
        Ok(near)
    }

    fn dimension(&self) -> usize {
        self.embedding.dimension
    }
}

fn of(owner: Owner) -> Vec<Condition> {
    vec![
        Condition::matches(TENANT, owner.tenant.to_string()),
        Condition::matches(PERSON, owner.person.to_string()),
        Condition::matches(COMPANION, owner.companion.to_string()),
    ]
}

fn point(row: &VectorRow, unit: Vec<f32>) -> PointStruct {
    let mut payload = Payload::new();
    payload.insert(TENANT, row.owner.tenant.to_string());
    payload.insert(PERSON, row.owner.person.to_string());
    payload.insert(COMPANION, row.owner.companion.to_string());
    payload.insert(SCOPE, scope_word(&row.scope));
    PointStruct::new(row.memory.to_string(), unit, payload)
}

/// The prefix keeps a channel that is named `private` apart.
fn scope_word(scope: &Scope) -> String {
    match scope {
        Scope::Private => "private".to_owned(),
        Scope::Channel(name) => format!("channel:{name}"),
    }
}

fn near(point: ScoredPoint) -> Result<Near, IndexError> {
    let strange = || IndexError::Unavailable("it answered with a point that is none of ours".into());
    let Some(PointIdOptions::Uuid(id)) = point.id.and_then(|id| id.point_id_options) else {
        return Err(strange());
    };
    let memory = MemoryId(Uuid::parse_str(&id).map_err(|_| strange())?);
    Ok(Near { memory, similarity: point.score.clamp(-1.0, 1.0) })
}
