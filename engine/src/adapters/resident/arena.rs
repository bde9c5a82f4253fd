//! All vectors of one owner: a block per scope, so that the scope is part of the scan.

use super::block::{Block, Found};
use super::codes::Query;
use super::kernel::Kernel;
use crate::domain::ids::MemoryId;
use crate::domain::memory::Scope;
use crate::ports::vectors::VectorRow;
use std::collections::HashMap;

pub struct Arena {
    kernel: Kernel,
    dimension: usize,
    scopes: HashMap<Scope, usize>,
    blocks: Vec<Block>,
    places: HashMap<MemoryId, Place>,
}

#[derive(Clone, Copy)]
struct Place {
    block: usize,
    row: usize,
}

/// What the maps take for one row, about, and an arena before its first.
const PLACE_BYTES: usize = 64;
const EMPTY_BYTES: usize = 1024;

impl Arena {
    pub fn new(kernel: Kernel, dimension: usize) -> Self {
        Self { kernel, dimension, scopes: HashMap::new(), blocks: Vec::new(), places: HashMap::new() }
    }

    /// Takes over what lies in the Store. Rows must be of this dimension and of finite numbers.
    pub fn fill(&mut self, rows: &[VectorRow]) {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for row in rows {
            *counts.entry(self.block(&row.scope)).or_default() += 1;
        }
        for (block, rows) in counts {
            self.blocks[block].expect(rows);
        }
        for row in rows {
            self.put(row);
        }
    }

    /// Replaces what is known of this memory. One without direction is near nothing and not kept.
    pub fn put(&mut self, row: &VectorRow) {
        self.remove(row.memory);
        let block = self.block(&row.scope);
        if let Some(place) = self.blocks[block].push(self.kernel, row.memory, &row.vector) {
            self.places.insert(row.memory, Place { block, row: place });
        }
    }

    pub fn remove(&mut self, memory: MemoryId) {
        let Some(place) = self.places.remove(&memory) else { return };
        if let Some(moved) = self.blocks[place.block].swap_remove(place.row) {
            self.places.insert(moved, place);
        }
    }

    /// How many rows a search of this scope passes.
    pub fn len(&self, scope: &Scope) -> usize {
        self.scopes.get(scope).map_or(0, |block| self.blocks[*block].len())
    }

    pub fn search(&self, scope: &Scope, query: &Query, limit: usize) -> Vec<Found> {
        let block = self.scopes.get(scope).map(|block| &self.blocks[*block]);
        block.map(|block| block.search(self.kernel, query, limit)).unwrap_or_default()
    }

    pub fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(Block::bytes).sum();
        blocks + self.places.len() * PLACE_BYTES + EMPTY_BYTES
    }

    fn block(&mut self, scope: &Scope) -> usize {
        if let Some(block) = self.scopes.get(scope) {
            return *block;
        }
        self.blocks.push(Block::new(self.dimension));
        self.scopes.insert(scope.clone(), self.blocks.len() - 1);
        self.blocks.len() - 1
    }
}
