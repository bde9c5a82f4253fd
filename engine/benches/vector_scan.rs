//! How long a warm search of one owner's 50,000 memories takes, beside the targets of the design.
//!
//! Prints one line per figure, `NAME VALUE target TARGET`, and judges nothing: `scripts/bench` does.
//! The vectors lie in clusters, as those of an embedder do.

use anyhow::{Context, ensure};
use async_trait::async_trait;
use engine::adapters::embedding::Embedding;
use engine::adapters::resident::index::{Residence, ResidentIndex};
use engine::domain::ids::{CompanionId, MemoryId, PersonId, TenantId};
use engine::domain::memory::{Owner, Scope};
use engine::domain::time::Timestamp;
use engine::ports::clock::Clock;
use engine::ports::error::Stored;
use engine::ports::vectors::{VectorIndex, VectorRow, VectorRows};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

const MEMORIES: usize = 50_000;
const CLUSTERS: usize = 200;
const SEARCHES: usize = 1_000;
const NEAREST: usize = 10;
const OWNER: Owner = Owner {
    tenant: TenantId(Uuid::nil()),
    person: PersonId(Uuid::nil()),
    companion: CompanionId(Uuid::nil()),
};

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(async {
        measure(384, 5.0).await?;
        measure(768, 10.0).await
    })
}

async fn measure(dimension: usize, target_ms: f64) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(5);
    let centres: Vec<Vec<f32>> = (0..CLUSTERS).map(|_| around(&mut random, &vec![0.0; dimension])).collect();
    let mut vector = || {
        let centre = &centres[random.random_range(0..CLUSTERS)];
        around(&mut random, centre)
    };
    let rows = (0..MEMORIES).map(|n| VectorRow {
        memory: MemoryId(Uuid::from_u128(n as u128)),
        owner: OWNER,
        scope: Scope::Private,
        model: String::new(),
        vector: vector(),
    });
    let rows = Arc::new(Rows(Mutex::new(rows.collect())));
    let residence = Residence { bytes: usize::MAX, idle: Duration::MAX };
    let embedding = Embedding { model: String::new(), dimension };
    let index = ResidentIndex::new(rows, embedding, residence, Arc::new(Standing));

    let first = Instant::now();
    index.search(OWNER, &Scope::Private, &vector(), NEAREST).await?;
    let load_ms = ms(first.elapsed());
    let mut spans = Vec::with_capacity(SEARCHES);
    for _ in 0..SEARCHES {
        let wanted = vector();
        let begun = Instant::now();
        let near = index.search(OWNER, &Scope::Private, &wanted, NEAREST).await?;
        spans.push(begun.elapsed());
        ensure!(near.len() == NEAREST);
    }
    spans.sort_unstable();
    let p99 = spans.get(SEARCHES * 99 / 100).context("there were searches")?;
    println!("vector_scan_{dimension}_p50_ms {:.2}", ms(spans[SEARCHES / 2]));
    println!("vector_scan_{dimension}_p99_ms {:.2} target {target_ms:.1}", ms(*p99));
    println!("vector_load_{dimension}_ms {load_ms:.0}");
    println!("vector_resident_{dimension}_mb {:.0}", index.resident_bytes() as f64 / 1e6);
    Ok(())
}

fn around(random: &mut StdRng, centre: &[f32]) -> Vec<f32> {
    centre.iter().map(|x| x + random.random_range(-1.0..1.0_f32)).collect()
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// Given away at the first read: two copies of them would only take room.
struct Rows(Mutex<Vec<VectorRow>>);

#[async_trait]
impl VectorRows for Rows {
    async fn put(&self, row: &VectorRow) -> Stored<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(row.clone());
        Ok(())
    }

    async fn of_owner(&self, _: Owner, _: &str) -> Stored<Vec<VectorRow>> {
        Ok(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}
