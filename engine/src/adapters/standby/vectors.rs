//! Two vector indexes as one: our own, which reads the Store and so is always right, and a shared one that comes and goes.
//!
//! Whoever has a shared one hands it in, and takes it back, through the channel. Each time it comes it must be empty or
//! named anew: what it kept from before may have been forgotten meanwhile.
//!
//! The carrier is the one task that brings the outbox's news here, in their order and past those that fail; again what it
//! was cut off from. `Ok` says that everybody knows, and the entry may go. `Unavailable` says that our own knows and the
//! shared one does not: the entry stays. From then on the shared one is behind: nobody reads from it, and nobody writes to
//! it but the carrier, who asks for `behind`, tells one that came anew all rows of the Store, tells it in order what waits
//! in the outbox and takes that out, and says that it has `caught_up`.
//!
//! This knows of the writes of its own process: engines side by side on one Store need a carrier each.

use crate::adapters::resident::index::ResidentIndex;
use crate::domain::ids::MemoryId;
use crate::domain::memory::{Owner, Scope};
use crate::ports::clock::Clock;
use crate::ports::vectors::{IndexError, Near, VectorIndex, VectorRow};
use async_trait::async_trait;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// After a search that failed the shared one is left alone for that long: one caller waits for a hung server, not every
/// one.
const REST: Duration = Duration::from_secs(2);

pub type Shared = Option<Arc<dyn VectorIndex>>;

pub struct StandbyIndex {
    own: Arc<ResidentIndex>,
    standing: Mutex<Standing>,
    rests_until: AtomicI64,
    clock: Arc<dyn Clock>,
}

struct Standing {
    shared: watch::Receiver<Shared>,
    place: Place,
    /// Where the shared one had been told everything.
    caught_up: Place,
}

/// Moves on with all that the shared one has to be told by the carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    coming: u64,
    missed: u64,
}

/// What the carrier has to do.
pub struct Behind {
    /// Who is to be told. Where nobody is left, what waits in the outbox may go.
    pub shared: Shared,
    /// Another one each time one comes: that one has to be told everything.
    pub coming: u64,
    missed: u64,
}

struct Now {
    shared: Shared,
    place: Place,
    is_behind: bool,
}

impl StandbyIndex {
    pub fn new(own: Arc<ResidentIndex>, shared: watch::Receiver<Shared>, clock: Arc<dyn Clock>) -> Self {
        // The outbox may hold what a process before this one left there.
        let place = Place { coming: 0, missed: 1 };
        let standing = Standing { shared, place, caught_up: Place::default() };
        Self { own, standing: Mutex::new(standing), rests_until: AtomicI64::new(i64::MIN), clock }
    }

    /// `None` where everybody has been told everything.
    pub fn behind(&self) -> Option<Behind> {
        let Now { shared, place, is_behind } = self.now();
        is_behind.then_some(Behind { shared, coming: place.coming, missed: place.missed })
    }

    /// Everything that waited when `behind` was asked has been told. `false` where more has come since: once again, then.
    pub fn caught_up(&self, behind: &Behind) -> bool {
        let place = Place { coming: behind.coming, missed: behind.missed };
        let has_stayed = self.now().place == place;
        if has_stayed {
            // What moves on in between stays ahead of this.
            self.lock().caught_up = place;
        }
        has_stayed
    }

    fn now(&self) -> Now {
        let mut standing = self.lock();
        let (shared, is_another) = {
            let shared = standing.shared.borrow_and_update();
            (shared.clone(), shared.has_changed())
        };
        standing.place.coming += u64::from(is_another);
        Now { shared, place: standing.place, is_behind: standing.place != standing.caught_up }
    }

    fn misses(&self) {
        self.lock().place.missed += 1;
    }

    /// Even where nobody is left to be told: what waits from before must not outlive it in the outbox.
    fn not_yet(&self) -> IndexError {
        self.misses();
        IndexError::Unavailable("what waits in the outbox has to be told first".to_owned())
    }

    /// First our own. What the shared one was not told for certain it counts as missing, also where the caller leaves.
    async fn tell_both(
        &self,
        own: impl Future<Output = Result<(), IndexError>> + Send,
        shared: impl Future<Output = Result<(), IndexError>> + Send,
    ) -> Result<(), IndexError> {
        let mut untold = Untold(Some(self));
        let told = match own.await {
            // What is unsound is nobody's news.
            refused @ Err(_) => refused,
            Ok(()) => {
                shared.await.map_err(|error| IndexError::Unavailable(error.to_string()))?;
                Ok(())
            }
        };
        untold.0 = None;
        told
    }

    fn rests(&self) -> bool {
        self.clock.now().0 < self.rests_until.load(Ordering::Relaxed)
    }

    fn let_rest(&self, error: &IndexError) {
        tracing::debug!(service.name = "vectors", error = %error, "the shared index is left alone for a moment");
        self.rests_until.store(self.clock.now().plus(REST).0, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Untold<'a>(Option<&'a StandbyIndex>);

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        if let Some(index) = self.0 {
            index.misses();
        }
    }
}

#[async_trait]
impl VectorIndex for StandbyIndex {
    async fn upsert(&self, rows: &[VectorRow]) -> Result<(), IndexError> {
        let now = self.now();
        if now.is_behind {
            // It may come a second time, and what it says may be long forgotten.
            self.own.upsert_late(rows)?;
            return Err(self.not_yet());
        }
        match now.shared {
            Some(shared) => self.tell_both(self.own.upsert(rows), shared.upsert(rows)).await,
            None => self.own.upsert(rows).await,
        }
    }

    async fn remove(&self, owner: Owner, ids: &[MemoryId]) -> Result<(), IndexError> {
        let now = self.now();
        if now.is_behind {
            self.own.remove_late(owner);
            return Err(self.not_yet());
        }
        match now.shared {
            Some(shared) => self.tell_both(self.own.remove(owner, ids), shared.remove(owner, ids)).await,
            None => self.own.remove(owner, ids).await,
        }
    }

    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Near>, IndexError> {
        let now = self.now();
        if let Some(shared) = now.shared
            && !now.is_behind
            && !self.rests()
        {
            match shared.search(owner, scope, vector, limit).await {
                // Had it missed something by now, it may have answered without it.
                Ok(found) if self.now().place == now.place => return Ok(found),
                Err(error @ IndexError::Unavailable(_)) => self.let_rest(&error),
                // What is wrong with the question our own says, too.
                Ok(_) | Err(_) => {}
            }
        }
        self.own.search(owner, scope, vector, limit).await
    }

    fn dimension(&self) -> usize {
        self.own.dimension()
    }
}
