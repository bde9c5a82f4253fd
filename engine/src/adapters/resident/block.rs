//! One owner's vectors of one scope, side by side, and the scan over them.

use super::codes::{Query, Reading, encode_row, inverse_length};
use super::kernel::Kernel;
use crate::domain::ids::MemoryId;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Rows per step of the scan: their sums stay in the nearest cache.
const STEP: usize = 1024;

pub struct Block {
    dimension: usize,
    ids: Vec<MemoryId>,
    codes: Vec<i8>,
    readings: Vec<Reading>,
    vectors: Vec<f32>,
    inverse_lengths: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    pub memory: MemoryId,
    pub similarity: f64,
}

impl Found {
    /// Best first; the same similarity goes by id, so that an answer never depends on how the rows lie.
    pub fn order(&self, other: &Self) -> Ordering {
        other.similarity.total_cmp(&self.similarity).then(self.memory.cmp(&other.memory))
    }
}

impl Block {
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            ids: Vec::new(),
            codes: Vec::new(),
            readings: Vec::new(),
            vectors: Vec::new(),
            inverse_lengths: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<MemoryId>()
            + self.codes.capacity()
            + self.readings.capacity() * size_of::<Reading>()
            + self.vectors.capacity() * size_of::<f32>()
            + self.inverse_lengths.capacity() * size_of::<f64>()
    }

    /// Makes room for exactly as many rows more: a doubling `Vec` would waste half of a large owner.
    pub fn expect(&mut self, rows: usize) {
        self.ids.reserve_exact(rows);
        self.codes.reserve_exact(rows * self.dimension);
        self.readings.reserve_exact(rows);
        self.vectors.reserve_exact(rows * self.dimension);
        self.inverse_lengths.reserve_exact(rows);
    }

    /// Returns the row's place, or `None` where the vector has no direction and is not kept.
    pub fn push(&mut self, kernel: Kernel, memory: MemoryId, vector: &[f32]) -> Option<usize> {
        let inverse_length = inverse_length(kernel, vector)?;
        self.readings.push(encode_row(vector, inverse_length, &mut self.codes));
        self.vectors.extend_from_slice(vector);
        self.inverse_lengths.push(inverse_length);
        self.ids.push(memory);
        Some(self.ids.len() - 1)
    }

    /// Puts the last row in the place of the removed one and says whose it is.
    pub fn swap_remove(&mut self, place: usize) -> Option<MemoryId> {
        self.ids.swap_remove(place);
        self.readings.swap_remove(place);
        self.inverse_lengths.swap_remove(place);
        let (last, dimension) = (self.ids.len(), self.dimension);
        let (from, to) = (last * dimension..(last + 1) * dimension, place * dimension);
        self.codes.copy_within(from.clone(), to);
        self.vectors.copy_within(from.clone(), to);
        // What is forgotten does not stay behind in the spare room.
        self.codes[from.clone()].fill(0);
        self.vectors[from].fill(0.0);
        self.codes.truncate(last * dimension);
        self.vectors.truncate(last * dimension);
        self.ids.get(place).copied()
    }

    /// The `limit` nearest, best first, as a scan in double precision would find them.
    pub fn search(&self, kernel: Kernel, query: &Query, limit: usize) -> Vec<Found> {
        let mut best: Vec<Found> = Vec::new();
        if limit == 0 {
            return best;
        }
        for candidate in self.candidates(kernel, query, limit) {
            let worst = best.get(limit - 1).map(|worst| worst.similarity);
            if worst.is_some_and(|worst| candidate.at_most < worst) {
                break;
            }
            let found = Found {
                memory: self.ids[candidate.row],
                similarity: query.similarity(
                    kernel,
                    self.vector(candidate.row),
                    self.inverse_lengths[candidate.row],
                ),
            };
            let place = best.partition_point(|other| other.order(&found).is_lt());
            if place < limit {
                best.insert(place, found);
                best.truncate(limit);
            }
        }
        best
    }

    /// Every row that may be among the nearest, the most promising first.
    fn candidates(&self, kernel: Kernel, query: &Query, limit: usize) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        // The `limit` best of what the rows reach at least: below the worst of them nobody gets in.
        let mut floors: BinaryHeap<Reverse<Total>> = BinaryHeap::new();
        let mut floor = f64::NEG_INFINITY;
        let mut sums = [0; STEP];
        for (step, codes) in self.codes.chunks(STEP * self.dimension).enumerate() {
            let first = step * STEP;
            let readings = &self.readings[first..(first + STEP).min(self.len())];
            kernel.coarse(&query.codes, codes, &mut sums[..readings.len()]);
            for (at, (sum, reading)) in sums.iter().zip(readings).enumerate() {
                let (seems, margin) = query.estimate(*sum, *reading);
                let at_most = seems + margin;
                if at_most < floor {
                    continue;
                }
                candidates.push(Candidate { at_most, row: first + at });
                if floors.len() < limit || seems - margin > floor {
                    floors.push(Reverse(Total(seems - margin)));
                    if floors.len() > limit {
                        floors.pop();
                    }
                    if let (true, Some(Reverse(Total(lowest)))) = (floors.len() == limit, floors.peek()) {
                        floor = *lowest;
                    }
                }
            }
        }
        candidates.retain(|candidate| candidate.at_most >= floor);
        candidates.sort_unstable_by(|one, other| other.at_most.total_cmp(&one.at_most));
        candidates
    }

    fn vector(&self, row: usize) -> &[f32] {
        &self.vectors[row * self.dimension..(row + 1) * self.dimension]
    }
}

struct Candidate {
    at_most: f64,
    row: usize,
}

/// A double with the order that has no exceptions.
#[derive(PartialEq)]
struct Total(f64);

impl Eq for Total {}

impl PartialOrd for Total {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Total {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
