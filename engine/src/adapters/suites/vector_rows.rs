//! Vectors at rest without a database, for the index that reads them.

use crate::domain::ids::MemoryId;
use crate::domain::memory::Owner;
use crate::ports::error::{StoreError, Stored};
use crate::ports::vectors::{VectorRow, VectorRows};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::RwLock;

pub struct RowsInMemory {
    rows: Mutex<Vec<VectorRow>>,
    /// How often somebody read an owner.
    pub reads: AtomicUsize,
    pub broken: AtomicBool,
    /// While a test holds it, a read waits after it has seen the rows.
    pub gate: RwLock<()>,
}

impl RowsInMemory {
    pub fn new() -> Self {
        Self {
            rows: Mutex::default(),
            reads: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            gate: RwLock::new(()),
        }
    }

    pub fn forget(&self, owner: Owner, ids: &[MemoryId]) {
        self.lock().retain(|row| row.owner != owner || !ids.contains(&row.memory));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<VectorRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl VectorRows for RowsInMemory {
    async fn put(&self, row: &VectorRow) -> Stored<()> {
        let mut rows = self.lock();
        rows.retain(|known| (known.memory, &known.model) != (row.memory, &row.model));
        rows.push(row.clone());
        Ok(())
    }

    async fn of_owner(&self, owner: Owner, model: &str) -> Stored<Vec<VectorRow>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "broken by the test".into(), source: None });
        }
        let found = {
            let rows = self.lock();
            rows.iter().filter(|row| row.owner == owner && row.model == model).cloned().collect()
        };
        drop(self.gate.read().await);
        Ok(found)
    }
}
