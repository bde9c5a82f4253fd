//! Which owners are resident, and the door to them.
//!
//! An owner's rows are read from `VectorRows` at the first search and stay until they were not used
//! for a while or others need the room. The Store is the truth: whoever changes it calls `upsert` or
//! `remove` after the change is durable, and only resident owners take note, since all others will be
//! read later. A load holds its owner's lock, so no change slips in between reading and keeping.

use super::arena::Arena;
use super::codes::Query;
use super::kernel::Kernel;
use crate::adapters::embedding::Embedding;
use crate::domain::ids::MemoryId;
use crate::domain::memory::{Owner, Scope};
use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use crate::ports::vectors::{IndexError, Near, VectorIndex, VectorRow, VectorRows};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tracing::warn;

/// How much may be resident. The owner in use stays, even where it alone is larger.
#[derive(Clone, Copy, Debug)]
pub struct Residence {
    pub bytes: usize,
    /// Unused for so long, an owner's vectors go.
    pub idle: Duration,
}

/// Scans of more codes than this leave the async threads; fewer take less time than the way there.
const SCANNED_IN_PLACE: usize = 200_000;

pub struct ResidentIndex {
    rows: Arc<dyn VectorRows>,
    embedding: Embedding,
    residence: Residence,
    clock: Arc<dyn Clock>,
    kernel: Kernel,
    residents: Mutex<Residents>,
}

#[derive(Default)]
struct Residents {
    by_owner: HashMap<Owner, Resident>,
    bytes: usize,
    uses: u64,
    swept_at: Option<Timestamp>,
}

struct Resident {
    arena: Shared,
    /// Zero until it is loaded.
    bytes: usize,
    used: u64,
    used_at: Timestamp,
}

/// `None` until loaded.
type Shared = Arc<RwLock<Option<Arena>>>;

impl ResidentIndex {
    pub fn new(
        rows: Arc<dyn VectorRows>,
        embedding: Embedding,
        residence: Residence,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let residents = Mutex::default();
        Self { rows, embedding, residence, clock, kernel: Kernel::detect(), residents }
    }

    /// Lets go of every owner that was not used for `Residence::idle`; searches do so now and then by
    /// themselves. Returns how many went.
    pub fn sweep(&self) -> usize {
        let now = self.clock.now();
        self.lock().sweep(now, self.residence.idle)
    }

    /// As `upsert`, for news that may be older than what the Store has by now: whose they are is read anew.
    pub fn upsert_late(&self, rows: &[VectorRow]) -> Result<(), IndexError> {
        self.embedding.own(rows)?.iter().for_each(|row| self.remove_late(row.owner));
        Ok(())
    }

    /// As `remove`, for news that may be older than what the Store has by now.
    pub fn remove_late(&self, owner: Owner) {
        self.lock().let_go(owner);
    }

    /// What is resident, in bytes.
    pub fn resident_bytes(&self) -> usize {
        self.lock().bytes
    }

    async fn loaded(&self, owner: Owner) -> Result<OwnedRwLockReadGuard<Option<Arena>>, IndexError> {
        let shared = self.lock().used(owner, self.clock.now(), self.residence.idle);
        let present = Arc::clone(&shared).read_owned().await;
        if present.is_some() {
            return Ok(present);
        }
        drop(present);
        let mut absent = Arc::clone(&shared).write_owned().await;
        if absent.is_none() {
            let arena = self.load(owner).await?;
            self.lock().weigh(owner, &shared, arena.bytes(), self.residence.bytes);
            *absent = Some(arena);
        }
        Ok(absent.downgrade())
    }

    async fn load(&self, owner: Owner) -> Result<Arena, IndexError> {
        let mut rows = self.rows.of_owner(owner, &self.embedding.model).await?;
        let found = rows.len();
        rows.retain(|row| self.embedding.check(&row.vector).is_ok());
        if rows.len() < found {
            let unusable = found - rows.len();
            warn!(service.name = "vectors", companion.id = %owner.companion, person.id = %owner.person,
                "{unusable} stored vectors are of another dimension or no numbers and are left out");
        }
        let mut arena = Arena::new(self.kernel, self.embedding.dimension);
        let filled = move || {
            arena.fill(&rows);
            arena
        };
        aside(filled).await
    }

    /// Changes the owner's arena where it is resident.
    async fn change(&self, owner: Owner, change: impl FnOnce(&mut Arena)) {
        let Some(shared) = self.lock().by_owner.get(&owner).map(|resident| Arc::clone(&resident.arena))
        else {
            return;
        };
        let mut arena = shared.write().await;
        if let Some(arena) = arena.as_mut() {
            change(arena);
            self.lock().weigh(owner, &shared, arena.bytes(), self.residence.bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Residents> {
        // A panic in between leaves at worst a wrong count of bytes.
        self.residents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl VectorIndex for ResidentIndex {
    async fn upsert(&self, rows: &[VectorRow]) -> Result<(), IndexError> {
        let mut by_owner: HashMap<Owner, Vec<&VectorRow>> = HashMap::new();
        for row in self.embedding.own(rows)? {
            by_owner.entry(row.owner).or_default().push(row);
        }
        for (owner, rows) in by_owner {
            self.change(owner, |arena| rows.into_iter().for_each(|row| arena.put(row))).await;
        }
        Ok(())
    }

    async fn remove(&self, owner: Owner, ids: &[MemoryId]) -> Result<(), IndexError> {
        self.change(owner, |arena| ids.iter().for_each(|id| arena.remove(*id))).await;
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
        let Some(query) = Query::new(self.kernel, vector) else { return Ok(Vec::new()) };
        let arena = self.loaded(owner).await?;
        let codes = arena.as_ref().map_or(0, |arena| arena.len(scope) * self.embedding.dimension);
        let scope = scope.clone();
        let scan =
            move || arena.as_ref().map(|arena| arena.search(&scope, &query, limit)).unwrap_or_default();
        let found = if codes > SCANNED_IN_PLACE { aside(scan).await? } else { scan() };
        let near =
            |found: super::block::Found| Near { memory: found.memory, similarity: found.similarity as f32 };
        Ok(found.into_iter().map(near).collect())
    }

    fn dimension(&self) -> usize {
        self.embedding.dimension
    }
}

impl Residents {
    /// The owner's arena, made the most recently used one.
    fn used(&mut self, owner: Owner, now: Timestamp, idle: Duration) -> Shared {
        if self.swept_at.is_none_or(|at| now.since(at) >= idle / 4) {
            self.sweep(now, idle);
        }
        self.uses += 1;
        let resident = self.by_owner.entry(owner).or_insert_with(|| Resident {
            arena: Shared::default(),
            bytes: 0,
            used: 0,
            used_at: now,
        });
        (resident.used, resident.used_at) = (self.uses, now);
        Arc::clone(&resident.arena)
    }

    /// Notes what an arena weighs now and lets others go where there is no room. One that was let go
    /// meanwhile counts no more.
    fn weigh(&mut self, owner: Owner, shared: &Shared, bytes: usize, room: usize) {
        let Some(resident) = self.by_owner.get_mut(&owner) else { return };
        if !Arc::ptr_eq(&resident.arena, shared) {
            return;
        }
        self.bytes = self.bytes - resident.bytes + bytes;
        resident.bytes = bytes;
        while self.bytes > room {
            let others = self.by_owner.iter().filter(|(other, held)| **other != owner && held.bytes > 0);
            let Some(oldest) = others.min_by_key(|(_, held)| held.used).map(|(other, _)| *other) else {
                break;
            };
            self.let_go(oldest);
        }
    }

    fn sweep(&mut self, now: Timestamp, idle: Duration) -> usize {
        self.swept_at = Some(now);
        let unused = self.by_owner.iter().filter(|(_, resident)| now.since(resident.used_at) >= idle);
        let unused: Vec<Owner> = unused.map(|(owner, _)| *owner).collect();
        for owner in &unused {
            self.let_go(*owner);
        }
        unused.len()
    }

    fn let_go(&mut self, owner: Owner) {
        if let Some(resident) = self.by_owner.remove(&owner) {
            self.bytes -= resident.bytes;
        }
    }
}

/// Runs on the threads for blocking work.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, IndexError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|stopped| IndexError::Unavailable(stopped.to_string()))
}
