//! What a vector index promises.

use super::vector_rows::RowsInMemory;
use crate::adapters::embedding::Embedding;
use crate::domain::ids::{CompanionId, MemoryId, PersonId, TenantId};
use crate::domain::memory::{Owner, Scope};
use crate::ports::vectors::{IndexError, Near, VectorIndex, VectorRow, VectorRows};
use anyhow::ensure;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use uuid::Uuid;

pub const DIMENSION: usize = 8;
const MODEL: &str = "sentence-transformers/all-MiniLM-L6-v2 (ü)";
/// What an index that computes in `f32` may be off.
const CLOSE: f64 = 1e-5;

pub fn embedding() -> Embedding {
    Embedding { model: MODEL.into(), dimension: DIMENSION }
}

pub struct VectorWorld {
    pub index: Arc<dyn VectorIndex>,
    /// Where the index reads what it has not seen; `None` where it keeps everything itself.
    pub rows: Option<Arc<RowsInMemory>>,
}

impl VectorWorld {
    /// As the engine does: first the Store, then the index.
    async fn remember(&self, rows: &[VectorRow]) -> anyhow::Result<()> {
        for row in rows {
            if let Some(store) = &self.rows {
                store.put(row).await?;
            }
        }
        Ok(self.index.upsert(rows).await?)
    }

    async fn forget(&self, owner: Owner, ids: &[MemoryId]) -> anyhow::Result<()> {
        if let Some(store) = &self.rows {
            store.forget(owner, ids);
        }
        Ok(self.index.remove(owner, ids).await?)
    }

    async fn near(&self, row: &VectorRow, limit: usize) -> anyhow::Result<Vec<Near>> {
        Ok(self.index.search(row.owner, &row.scope, &row.vector, limit).await?)
    }

    async fn ids(&self, row: &VectorRow) -> anyhow::Result<Vec<MemoryId>> {
        Ok(self.near(row, 100).await?.into_iter().map(|near| near.memory).collect())
    }
}

pub async fn holds_the_contract(world: VectorWorld) -> anyhow::Result<()> {
    ensure!(world.index.dimension() == DIMENSION);
    the_nearest_come_first(&world).await?;
    owners_do_not_meet(&world).await?;
    scopes_do_not_mix(&world).await?;
    a_new_vector_replaces_the_old(&world).await?;
    what_is_removed_is_gone(&world).await?;
    what_does_not_fit_is_refused_whole(&world).await?;
    what_has_no_direction_is_near_nothing(&world).await?;
    other_embedders_are_left_out(&world).await?;
    magnitude_does_not_matter(&world).await?;
    equals_come_by_id(&world).await?;
    many_are_ranked_as_by_hand(&world).await?;
    many_at_once_lose_nothing(&world).await
}

pub fn owner() -> Owner {
    Owner {
        tenant: TenantId(Uuid::now_v7()),
        person: PersonId(Uuid::now_v7()),
        companion: CompanionId(Uuid::now_v7()),
    }
}

pub fn row(owner: Owner, vector: [f32; DIMENSION]) -> VectorRow {
    let memory = MemoryId(Uuid::now_v7());
    VectorRow { memory, owner, scope: Scope::Private, model: MODEL.into(), vector: vector.into() }
}

pub fn toward(first: f32, second: f32) -> [f32; DIMENSION] {
    let mut vector = [0.0; DIMENSION];
    (vector[0], vector[1]) = (first, second);
    vector
}

/// Straight from the definition, to judge the others by.
pub fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    dot(one, other) / (dot(one, one).sqrt() * dot(other, other).sqrt())
}

async fn the_nearest_come_first(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let rows =
        [toward(1.0, 0.0), toward(0.0, 3.0), toward(1.0, 1.0), toward(-2.0, 0.0)].map(|v| row(owner, v));
    ensure!(world.near(&rows[0], 10).await?.is_empty());
    world.remember(&rows).await?;
    let near = world.near(&rows[0], 10).await?;
    let order: Vec<MemoryId> = near.iter().map(|near| near.memory).collect();
    ensure!(order == [rows[0].memory, rows[2].memory, rows[1].memory, rows[3].memory]);
    for (near, cosine) in near.iter().zip([1.0, 0.5_f64.sqrt(), 0.0, -1.0]) {
        ensure!((f64::from(near.similarity) - cosine).abs() < CLOSE, "{near:?} instead of {cosine}");
        ensure!(near.similarity.abs() <= 1.0);
    }
    ensure!(world.near(&rows[0], 2).await? == near[..2]);
    ensure!(world.near(&rows[0], 0).await?.is_empty());
    Ok(())
}

async fn owners_do_not_meet(world: &VectorWorld) -> anyhow::Result<()> {
    let mine = owner();
    let others = [
        Owner { tenant: TenantId(Uuid::now_v7()), ..mine },
        Owner { person: PersonId(Uuid::now_v7()), ..mine },
        Owner { companion: CompanionId(Uuid::now_v7()), ..mine },
    ];
    let my_row = row(mine, toward(1.0, 0.0));
    let mut rows = vec![my_row.clone()];
    rows.extend(others.map(|other| row(other, toward(1.0, 0.0))));
    world.remember(&rows).await?;
    for row in &rows {
        ensure!(world.ids(row).await? == [row.memory]);
    }
    for other in others {
        world.forget(other, &[my_row.memory]).await?;
    }
    ensure!(world.ids(&my_row).await? == [my_row.memory], "nobody removes another's memory");
    Ok(())
}

async fn scopes_do_not_mix(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let channel = |name: &str| Scope::Channel(name.into());
    let scopes =
        [Scope::Private, channel("one"), channel("two"), channel("Private"), channel("private"), channel("")];
    let rows = scopes.map(|scope| VectorRow { scope, ..row(owner, toward(1.0, 0.0)) });
    world.remember(&rows).await?;
    for row in &rows {
        ensure!(world.ids(row).await? == [row.memory], "in {:?}", row.scope);
    }
    Ok(())
}

async fn a_new_vector_replaces_the_old(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let old = row(owner, toward(1.0, 0.0));
    let beside = row(owner, toward(1.0, 0.5));
    world.remember(&[old.clone(), beside.clone()]).await?;
    ensure!(world.ids(&old).await? == [old.memory, beside.memory]);
    let turned = VectorRow { vector: toward(-1.0, 0.0).into(), ..old.clone() };
    world.remember(std::slice::from_ref(&turned)).await?;
    ensure!(world.ids(&old).await? == [beside.memory, old.memory]);
    let moved = VectorRow { scope: Scope::Channel("one".into()), ..turned };
    world.remember(std::slice::from_ref(&moved)).await?;
    ensure!(world.ids(&old).await? == [beside.memory]);
    ensure!(world.ids(&moved).await? == [old.memory]);
    Ok(())
}

async fn what_is_removed_is_gone(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let rows: Vec<VectorRow> = (0..9_u8).map(|n| row(owner, toward(1.0, f32::from(n)))).collect();
    world.remember(&rows).await?;
    let gone = [rows[0].memory, rows[4].memory, rows[8].memory, MemoryId(Uuid::now_v7())];
    world.forget(owner, &gone).await?;
    world.forget(owner, &gone).await?;
    world.forget(owner, &[]).await?;
    let left: Vec<MemoryId> = [1, 2, 3, 5, 6, 7].map(|n: usize| rows[n].memory).into();
    ensure!(world.ids(&rows[0]).await? == left);
    world.forget(owner, &left).await?;
    ensure!(world.ids(&rows[0]).await?.is_empty());
    world.remember(&rows[..1]).await?;
    ensure!(world.ids(&rows[0]).await? == [rows[0].memory]);
    Ok(())
}

async fn what_does_not_fit_is_refused_whole(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let good = row(owner, toward(1.0, 0.0));
    ensure!(world.near(&good, 1).await?.is_empty());
    let short = VectorRow { vector: vec![1.0; DIMENSION - 1], ..row(owner, toward(0.0, 0.0)) };
    let refused = world.index.upsert(&[good.clone(), short.clone()]).await;
    ensure!(matches!(refused, Err(IndexError::Dimension { expected: DIMENSION, found: 7 })));
    let refused = world.index.search(owner, &Scope::Private, &short.vector, 1).await;
    ensure!(matches!(refused, Err(IndexError::Dimension { .. })));
    for strange in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let strange = row(owner, toward(1.0, strange));
        ensure!(matches!(
            world.index.upsert(&[good.clone(), strange.clone()]).await,
            Err(IndexError::NotFinite)
        ));
        let refused = world.index.search(owner, &Scope::Private, &strange.vector, 1).await;
        ensure!(matches!(refused, Err(IndexError::NotFinite)));
    }
    ensure!(world.near(&good, 10).await?.is_empty(), "nothing of a refused batch is kept");
    Ok(world.index.upsert(&[]).await?)
}

async fn what_has_no_direction_is_near_nothing(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let [good, zero] = [toward(1.0, 0.0), toward(0.0, -0.0)].map(|vector| row(owner, vector));
    world.remember(&[good.clone(), zero.clone()]).await?;
    ensure!(world.ids(&good).await? == [good.memory]);
    ensure!(world.near(&zero, 10).await?.is_empty());
    let emptied = VectorRow { vector: zero.vector.clone(), ..good.clone() };
    world.remember(&[emptied]).await?;
    ensure!(world.ids(&good).await?.is_empty(), "the old direction is gone");
    Ok(())
}

async fn other_embedders_are_left_out(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let mine = row(owner, toward(1.0, 0.0));
    let other = VectorRow { model: "another".into(), ..row(owner, toward(1.0, 0.0)) };
    let longer = VectorRow { vector: vec![1.0; 99], ..other.clone() };
    world.remember(&[mine.clone(), other, longer]).await?;
    ensure!(world.ids(&mine).await? == [mine.memory]);
    Ok(())
}

async fn magnitude_does_not_matter(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let vectors = [
        toward(f32::MAX, f32::MAX / 3.0),
        toward(f32::MIN_POSITIVE, 0.0),
        toward(1e-40, 5e-40),
        toward(f32::MAX, f32::MIN_POSITIVE),
        toward(-1e-45, 1e-45),
    ];
    let rows = vectors.map(|vector| row(owner, vector));
    world.remember(&rows).await?;
    for query in &rows {
        let near = world.near(query, 10).await?;
        ensure!(near.len() == rows.len());
        for near in near {
            let row = rows.iter().find(|row| row.memory == near.memory).expect("one of ours");
            let expected = cosine(&query.vector, &row.vector);
            ensure!((f64::from(near.similarity) - expected).abs() < CLOSE, "{near:?} instead of {expected}");
        }
    }
    Ok(())
}

async fn equals_come_by_id(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let mut rows: Vec<VectorRow> = (0..20).map(|_| row(owner, toward(3.0, 4.0))).collect();
    rows.reverse();
    world.remember(&rows).await?;
    let mut sorted: Vec<MemoryId> = rows.iter().map(|row| row.memory).collect();
    sorted.sort_unstable();
    ensure!(world.ids(&rows[0]).await? == sorted);
    Ok(())
}

async fn many_are_ranked_as_by_hand(world: &VectorWorld) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(7);
    let mut vector = || std::array::from_fn(|_| random.random_range(-1.0..1.0_f32));
    let owner = owner();
    let rows: Vec<VectorRow> = (0..500).map(|_| row(owner, vector())).collect();
    world.remember(&rows).await?;
    for _ in 0..20 {
        let query = row(owner, vector());
        let mut expected: Vec<f64> = rows.iter().map(|row| cosine(&query.vector, &row.vector)).collect();
        expected.sort_by(|one, other| other.total_cmp(one));
        let near = world.near(&query, 10).await?;
        ensure!(near.len() == 10);
        for (near, expected) in near.iter().zip(expected) {
            ensure!((f64::from(near.similarity) - expected).abs() < CLOSE, "{near:?} instead of {expected}");
        }
    }
    Ok(())
}

async fn many_at_once_lose_nothing(world: &VectorWorld) -> anyhow::Result<()> {
    let owner = owner();
    let rows: Vec<VectorRow> = (0..40_u8).map(|n| row(owner, toward(1.0, f32::from(n)))).collect();
    let all = rows.iter().map(|row| async move {
        world.remember(std::slice::from_ref(row)).await?;
        ensure!(world.ids(row).await?.contains(&row.memory), "a memory can be found once it is kept");
        Ok(())
    });
    futures::future::try_join_all(all).await?;
    ensure!(world.ids(&rows[0]).await?.len() == rows.len());
    Ok(())
}
