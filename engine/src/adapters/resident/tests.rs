use super::block::{Block, Found};
use super::codes::{Query, inverse_length};
use super::index::{Residence, ResidentIndex};
use super::kernel::Kernel;
use crate::adapters::embedding::Embedding;
use crate::adapters::suites::clock::HandClock;
use crate::adapters::suites::vector_rows::RowsInMemory;
use crate::adapters::suites::vectors::{self, DIMENSION, VectorWorld, embedding, owner, row, toward};
use crate::domain::ids::MemoryId;
use crate::domain::memory::Scope;
use crate::ports::vectors::{IndexError, VectorIndex, VectorRow, VectorRows};
use anyhow::ensure;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

const IDLE: Duration = Duration::from_mins(10);

fn index(rows: &Arc<RowsInMemory>, bytes: usize, clock: &Arc<HandClock>) -> ResidentIndex {
    ResidentIndex::new(rows.clone(), embedding(), Residence { bytes, idle: IDLE }, clock.clone())
}

#[tokio::test]
async fn resident_it_is_an_index() -> anyhow::Result<()> {
    let rows = Arc::new(RowsInMemory::new());
    let index = Arc::new(index(&rows, usize::MAX, &HandClock::shared()));
    vectors::holds_the_contract(VectorWorld { index, rows: Some(rows) }).await
}

#[tokio::test]
async fn without_room_it_is_an_index_still() -> anyhow::Result<()> {
    let rows = Arc::new(RowsInMemory::new());
    let index = Arc::new(index(&rows, 0, &HandClock::shared()));
    vectors::holds_the_contract(VectorWorld { index, rows: Some(rows) }).await
}

/// The point of it all: whatever the vectors look like, leaving rows out by their codes never changes
/// the answer that a look at every row gives.
#[test]
fn a_scan_over_codes_answers_as_a_look_at_every_row_does() {
    let kernel = Kernel::detect();
    let mut random = StdRng::seed_from_u64(11);
    for round in 0..120 {
        let dimension = *[1, 2, 3, 8, 33, 96, 384].choose(&mut random).expect("one of them");
        let rows = random_rows(&mut random, dimension, round);
        let mut block = Block::new(dimension);
        for (id, row) in &rows {
            block.push(kernel, *id, row);
        }
        let mut wanted: Vec<f32> = random_vector(&mut random, dimension);
        if round.is_multiple_of(3) {
            // Looking for what is there: the margins are thinnest around the same direction.
            wanted.clone_from(&rows.choose(&mut random).expect("there are rows").1);
        }
        let Some(query) = Query::new(kernel, &wanted) else { continue };
        for limit in [1, 10, rows.len(), usize::MAX] {
            let expected = every_row(kernel, &rows, &query, limit);
            assert_eq!(block.search(kernel, &query, limit), expected, "round {round}, limit {limit}");
        }
    }
}

fn every_row(kernel: Kernel, rows: &[(MemoryId, Vec<f32>)], query: &Query, limit: usize) -> Vec<Found> {
    let found = rows.iter().filter_map(|(memory, row)| {
        let similarity = query.similarity(kernel, row, inverse_length(kernel, row)?);
        let by_definition = vectors::cosine(&query.vector, row);
        assert!((similarity - by_definition).abs() < 1e-12, "{similarity} is not {by_definition}");
        Some(Found { memory: *memory, similarity })
    });
    let mut found: Vec<Found> = found.collect();
    found.sort_by(Found::order);
    found.truncate(limit);
    found
}

fn random_rows(random: &mut StdRng, dimension: usize, round: usize) -> Vec<(MemoryId, Vec<f32>)> {
    let count = if round.is_multiple_of(20) { 2_500 } else { random.random_range(1..200) };
    let mut rows: Vec<Vec<f32>> = (0..count).map(|_| random_vector(random, dimension)).collect();
    match round % 5 {
        // Ties: the same direction again and again, exactly and by a power of two.
        0 => {
            for at in 1..rows.len() {
                let factor = *[1.0, 2.0, 0.25].choose(random).expect("one of them");
                rows[at] = rows[at % 3].iter().map(|x| x * factor).collect();
            }
        }
        // Near ties: all but the last bits alike, closer together than the codes can tell.
        1 => {
            for at in 1..rows.len() {
                rows[at] = rows[0].iter().map(|x| x * (1.0 + random.random_range(-1e-6..1e-6))).collect();
            }
        }
        // One number outweighs all others, so nearly every code is zero.
        2 => {
            for row in &mut rows {
                let at = random.random_range(0..dimension);
                row[at] *= 1e6;
            }
        }
        _ => {}
    }
    rows.into_iter().map(|row| (MemoryId(Uuid::from_u128(random.random())), row)).collect()
}

/// Of any magnitude a float can have, with zeros among the numbers.
fn random_vector(random: &mut StdRng, dimension: usize) -> Vec<f32> {
    let magnitude = 10.0_f64.powi(random.random_range(-40..32)) as f32;
    let number = |random: &mut StdRng| {
        if random.random_bool(0.1) { 0.0 } else { random.random_range(-1.0..1.0_f32) * magnitude }
    };
    (0..dimension).map(|_| number(random)).collect()
}

#[test]
fn a_row_taken_out_leaves_the_others_as_they_were() {
    let kernel = Kernel::detect();
    let mut random = StdRng::seed_from_u64(3);
    let mut rows: Vec<(MemoryId, Vec<f32>)> =
        (0..50).map(|n| (MemoryId(Uuid::from_u128(n)), random_vector(&mut random, 24))).collect();
    let mut block = Block::new(24);
    for (id, row) in &rows {
        block.push(kernel, *id, row);
    }
    while !rows.is_empty() {
        let place = random.random_range(0..rows.len());
        rows.swap_remove(place);
        assert_eq!(block.swap_remove(place), rows.get(place).map(|(id, _)| *id));
        let query = Query::new(kernel, &random_vector(&mut random, 24)).expect("a direction");
        assert_eq!(block.search(kernel, &query, 5), every_row(kernel, &rows, &query, 5));
    }
}

#[tokio::test]
async fn an_owner_is_read_once_while_in_use_and_again_after_resting() -> anyhow::Result<()> {
    let (rows, clock) = (Arc::new(RowsInMemory::new()), HandClock::shared());
    let index = index(&rows, usize::MAX, &clock);
    let mine = row(owner(), toward(1.0, 0.0));
    rows.put(&mine).await?;
    for _ in 0..5 {
        ensure!(index.search(mine.owner, &mine.scope, &mine.vector, 1).await?.len() == 1);
        clock.pass(IDLE / 2);
    }
    ensure!(rows.reads.load(Ordering::SeqCst) == 1);
    ensure!(index.resident_bytes() > 0);
    clock.pass(IDLE / 2);
    ensure!(index.sweep() == 1 && index.resident_bytes() == 0);
    ensure!(index.search(mine.owner, &mine.scope, &mine.vector, 1).await?.len() == 1);
    ensure!(rows.reads.load(Ordering::SeqCst) == 2);
    Ok(())
}

#[tokio::test]
async fn the_least_recently_used_owners_make_room() -> anyhow::Result<()> {
    let (rows, clock) = (Arc::new(RowsInMemory::new()), HandClock::shared());
    let owners = [owner(), owner(), owner()];
    for owner in owners {
        for n in 0..100_u8 {
            rows.put(&row(owner, toward(1.0, f32::from(n)))).await?;
        }
    }
    let first = index(&rows, usize::MAX, &clock);
    let search = |index: Arc<ResidentIndex>, n: usize| async move {
        index.search(owners[n], &Scope::Private, &toward(1.0, 0.0), 1).await.map(drop)
    };
    let first = Arc::new(first);
    search(first.clone(), 0).await?;
    let index = Arc::new(index(&rows, first.resident_bytes() * 5 / 2, &clock));
    let reads = || rows.reads.swap(0, Ordering::SeqCst);
    reads();
    for n in [0, 1, 0, 2] {
        search(index.clone(), n).await?;
    }
    ensure!(reads() == 3);
    ensure!(index.resident_bytes() == first.resident_bytes() * 2);
    search(index.clone(), 0).await?;
    search(index.clone(), 2).await?;
    ensure!(reads() == 0, "these two stayed");
    search(index.clone(), 1).await?;
    ensure!(reads() == 1, "this one had gone");
    Ok(())
}

#[tokio::test]
async fn what_is_kept_while_an_owner_is_read_is_not_lost() -> anyhow::Result<()> {
    let rows = Arc::new(RowsInMemory::new());
    let index = index(&rows, usize::MAX, &HandClock::shared());
    let owner = owner();
    let (early, late) = (row(owner, toward(1.0, 0.0)), row(owner, toward(1.0, 0.1)));
    rows.put(&early).await?;
    // The read has seen the rows and waits; then one is kept and one forgotten.
    let held = rows.gate.write().await;
    let search = index.search(owner, &Scope::Private, &late.vector, 5);
    let change = async {
        while rows.reads.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        rows.put(&late).await?;
        rows.forget(owner, &[early.memory]);
        let gone = [early.memory];
        let (kept, forgotten, ()) =
            tokio::join!(index.upsert(std::slice::from_ref(&late)), index.remove(owner, &gone), async {
                drop(held);
            });
        kept?;
        anyhow::Ok(forgotten?)
    };
    let (found, changed) = tokio::join!(search, change);
    found?;
    changed?;
    let found = index.search(owner, &Scope::Private, &late.vector, 5).await?;
    ensure!(found.iter().map(|near| near.memory).eq([late.memory]));
    ensure!(rows.reads.load(Ordering::SeqCst) == 1);
    Ok(())
}

#[tokio::test]
async fn a_store_that_fails_is_asked_again() -> anyhow::Result<()> {
    let rows = Arc::new(RowsInMemory::new());
    let index = index(&rows, usize::MAX, &HandClock::shared());
    let mine = row(owner(), toward(1.0, 0.0));
    rows.put(&mine).await?;
    rows.broken.store(true, Ordering::SeqCst);
    let failed = index.search(mine.owner, &mine.scope, &mine.vector, 1).await;
    ensure!(matches!(failed, Err(IndexError::Store(_))));
    rows.broken.store(false, Ordering::SeqCst);
    ensure!(index.search(mine.owner, &mine.scope, &mine.vector, 1).await?.len() == 1);
    Ok(())
}

#[tokio::test]
async fn damaged_rows_in_the_store_cost_only_themselves() -> anyhow::Result<()> {
    let rows = Arc::new(RowsInMemory::new());
    let index = index(&rows, usize::MAX, &HandClock::shared());
    let good = row(owner(), toward(1.0, 0.0));
    let short = VectorRow { vector: vec![1.0; DIMENSION - 1], ..row(good.owner, toward(0.0, 0.0)) };
    for row in [&good, &short, &row(good.owner, toward(f32::NAN, 0.0))] {
        rows.put(row).await?;
    }
    let near = index.search(good.owner, &good.scope, &good.vector, 9).await?;
    ensure!(near.iter().map(|near| near.memory).eq([good.memory]));
    Ok(())
}

#[tokio::test]
async fn a_scan_that_leaves_the_async_threads_answers_the_same() -> anyhow::Result<()> {
    let rows = Arc::new(RowsInMemory::new());
    let wide = Embedding { model: "wide".into(), dimension: 4_096 };
    let residence = Residence { bytes: usize::MAX, idle: IDLE };
    let index = ResidentIndex::new(rows.clone(), wide.clone(), residence, HandClock::shared());
    let owner = owner();
    let mut last = None;
    for n in 0..100_usize {
        let mut vector = vec![0.0; wide.dimension];
        vector[n] = 1.0;
        let row = VectorRow { vector, model: wide.model.clone(), ..row(owner, toward(0.0, 0.0)) };
        rows.put(&row).await?;
        last = Some(row);
    }
    let last = last.expect("a hundred were made");
    let near = index.search(owner, &Scope::Private, &last.vector, 1).await?;
    ensure!(near.len() == 1 && near[0].memory == last.memory);
    Ok(())
}
