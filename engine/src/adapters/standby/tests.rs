//! The index that stands by, with a server that dies in every order.

use super::vectors::{Shared, StandbyIndex};
use crate::adapters::qdrant::index::{QdrantConfig, QdrantIndex};
use crate::adapters::qdrant::stand_in::{Kept, StandIn};
use crate::adapters::resident::index::{Residence, ResidentIndex};
use crate::adapters::suites::clock::HandClock;
use crate::adapters::suites::vector_rows::RowsInMemory;
use crate::adapters::suites::vectors::{
    DIMENSION, VectorWorld, embedding, holds_the_contract, owner, row, toward,
};
use crate::domain::ids::MemoryId;
use crate::domain::memory::{Owner, Scope};
use crate::ports::vectors::{IndexError, Near, VectorIndex, VectorNews, VectorRow, VectorRows};
use anyhow::ensure;
use async_trait::async_trait;
use futures::FutureExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{RwLock, watch};
use tokio::task::unconstrained;

const ANY_PORT: &str = "127.0.0.1:0";
const RESIDENCE: Residence = Residence { bytes: usize::MAX, idle: Duration::from_hours(1) };

fn resident(rows: &Arc<RowsInMemory>) -> Arc<ResidentIndex> {
    Arc::new(ResidentIndex::new(rows.clone(), embedding(), RESIDENCE, HandClock::shared()))
}

fn qdrant(url: String) -> Arc<dyn VectorIndex> {
    let config = QdrantConfig { url, api_key: None, prefix: "test".into() };
    Arc::new(QdrantIndex::new(&config, embedding()).expect("a sound address"))
}

/// How a server takes the next writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    Gone,
    /// Does what it is told, and its answer is lost.
    Mute,
    /// Takes what it is told or not, and never answers.
    Hangs {
        does_it: bool,
    },
    /// Fails every fifth write.
    Flaky,
}

impl Mood {
    const ALL: [Self; 6] = [
        Self::Well,
        Self::Gone,
        Self::Mute,
        Self::Hangs { does_it: true },
        Self::Hangs { does_it: false },
        Self::Flaky,
    ];
}

/// Before a real index, with a mood.
struct Server {
    index: Arc<dyn VectorIndex>,
    mood: Mutex<Mood>,
    writes: AtomicU64,
    searches: AtomicUsize,
    /// While a test holds it, an answer that is known already is not given.
    gate: RwLock<()>,
}

impl Server {
    fn new(index: Arc<dyn VectorIndex>, mood: Mood) -> Arc<Self> {
        let (writes, searches) = (AtomicU64::new(0), AtomicUsize::new(0));
        Arc::new(Self { index, mood: Mutex::new(mood), writes, searches, gate: RwLock::new(()) })
    }

    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wakes(&self) {
        let mut mood = self.mood();
        if matches!(*mood, Mood::Hangs { .. }) {
            *mood = Mood::Gone;
        }
    }

    async fn write(
        &self,
        write: impl Future<Output = Result<(), IndexError>> + Send,
    ) -> Result<(), IndexError> {
        let gone = || Err(IndexError::Unavailable("it is gone".to_owned()));
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood();
        match mood {
            Mood::Well => write.await,
            Mood::Flaky if number % 5 != 4 => write.await,
            Mood::Gone | Mood::Flaky => gone(),
            Mood::Mute => {
                write.await?;
                gone()
            }
            Mood::Hangs { does_it } => {
                if does_it {
                    write.await?;
                }
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl VectorIndex for Server {
    async fn upsert(&self, rows: &[VectorRow]) -> Result<(), IndexError> {
        self.write(self.index.upsert(rows)).await
    }

    async fn remove(&self, owner: Owner, ids: &[MemoryId]) -> Result<(), IndexError> {
        self.write(self.index.remove(owner, ids)).await
    }

    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Near>, IndexError> {
        let answers = matches!(*self.mood(), Mood::Well | Mood::Flaky);
        let found = self.index.search(owner, scope, vector, limit).await;
        self.searches.fetch_add(1, Ordering::SeqCst);
        drop(self.gate.read().await);
        if answers {
            return found;
        }
        Err(IndexError::Unavailable("it is gone".to_owned()))
    }

    fn dimension(&self) -> usize {
        self.index.dimension()
    }
}

/// An index that keeps what it is told in a memory of its own, as a server does.
struct Apart {
    rows: Arc<RowsInMemory>,
    index: Arc<ResidentIndex>,
}

fn apart() -> Arc<dyn VectorIndex> {
    let rows = Arc::new(RowsInMemory::new());
    Arc::new(Apart { index: resident(&rows), rows })
}

#[async_trait]
impl VectorIndex for Apart {
    async fn upsert(&self, rows: &[VectorRow]) -> Result<(), IndexError> {
        for row in rows {
            self.rows.put(row).await?;
        }
        self.index.upsert(rows).await
    }

    async fn remove(&self, owner: Owner, ids: &[MemoryId]) -> Result<(), IndexError> {
        self.rows.forget(owner, ids);
        self.index.remove(owner, ids).await
    }

    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Near>, IndexError> {
        self.index.search(owner, scope, vector, limit).await
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }
}

/// A Store, its outbox, and the carrier of its news.
struct Carrier {
    rows: Arc<RowsInMemory>,
    index: StandbyIndex,
    hand: watch::Sender<Shared>,
    clock: Arc<HandClock>,
    waits: Mutex<Vec<VectorNews>>,
    owners: Mutex<HashSet<Owner>>,
    /// Which coming was told all rows.
    filled: AtomicU64,
    catching_up: tokio::sync::Mutex<()>,
    /// Waits for nothing: whoever would is ended, as with its task.
    is_hasty: AtomicBool,
}

impl Carrier {
    fn new(shared: Shared) -> Arc<Self> {
        let (rows, clock) = (Arc::new(RowsInMemory::new()), HandClock::shared());
        let hand = watch::Sender::new(shared);
        let index = StandbyIndex::new(resident(&rows), hand.subscribe(), clock.clone());
        let (waits, owners, filled) = (Mutex::default(), Mutex::default(), AtomicU64::new(u64::MAX));
        let (catching_up, is_hasty) = (tokio::sync::Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { rows, index, hand, clock, waits, owners, filled, catching_up, is_hasty })
    }

    fn waits(&self) -> MutexGuard<'_, Vec<VectorNews>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is not delivered, or cut off on the way, waits.
    async fn bring(&self, news: VectorNews) -> anyhow::Result<()> {
        let telling = tell(&self.index, &news);
        let told = if self.is_hasty.load(Ordering::SeqCst) {
            // Only a server may keep it waiting, not the runtime's fairness.
            let cut_off = || Err(IndexError::Unavailable("it was cut off".to_owned()));
            unconstrained(telling).now_or_never().unwrap_or_else(cut_off)
        } else {
            telling.await
        };
        Ok(self.waits_unless(told, [news])?)
    }

    fn waits_unless(
        &self,
        told: Result<(), IndexError>,
        news: impl IntoIterator<Item = VectorNews>,
    ) -> Result<(), IndexError> {
        match told {
            Err(IndexError::Unavailable(_)) => {
                self.waits().extend(news);
                Ok(())
            }
            told => told,
        }
    }

    /// `false` where the shared one did not take everything.
    async fn catch_up(&self) -> anyhow::Result<bool> {
        let _one = self.catching_up.lock().await;
        while let Some(behind) = self.index.behind() {
            let told = match &behind.shared {
                Some(shared) => self.has_told(shared.as_ref(), behind.coming).await?,
                None => {
                    self.waits().clear();
                    true
                }
            };
            if !told {
                return Ok(false);
            }
            self.index.caught_up(&behind);
        }
        Ok(true)
    }

    async fn has_told(&self, shared: &dyn VectorIndex, coming: u64) -> anyhow::Result<bool> {
        if self.filled.load(Ordering::SeqCst) != coming {
            let owners: Vec<Owner> = self.owners.lock().expect("whole").iter().copied().collect();
            for owner in owners {
                let rows = self.rows.of_owner(owner, &embedding().model).await?;
                if shared.upsert(&rows).await.is_err() {
                    return Ok(false);
                }
            }
            self.filled.store(coming, Ordering::SeqCst);
        }
        loop {
            let Some(oldest) = self.waits().first().cloned() else { return Ok(true) };
            if tell(shared, &oldest).await.is_err() {
                return Ok(false);
            }
            self.waits().remove(0);
        }
    }

    async fn remember(&self, row: &VectorRow) -> anyhow::Result<()> {
        self.owners.lock().expect("whole").insert(row.owner);
        self.rows.put(row).await?;
        self.bring(VectorNews::Upsert(row.clone())).await
    }

    async fn forget(&self, row: &VectorRow) -> anyhow::Result<()> {
        self.rows.forget(row.owner, &[row.memory]);
        self.bring(VectorNews::Forget { owner: row.owner, memory: row.memory }).await
    }

    async fn found(&self, like: &VectorRow) -> anyhow::Result<HashSet<MemoryId>> {
        let near = self.index.search(like.owner, &like.scope, &like.vector, 1_000).await?;
        Ok(near.into_iter().map(|near| near.memory).collect())
    }
}

async fn tell(index: &dyn VectorIndex, news: &VectorNews) -> Result<(), IndexError> {
    match news {
        VectorNews::Upsert(row) => index.upsert(std::slice::from_ref(row)).await,
        VectorNews::Forget { owner, memory } => index.remove(*owner, &[*memory]).await,
    }
}

/// To whoever searches and writes it is one index.
#[async_trait]
impl VectorIndex for Carrier {
    async fn upsert(&self, rows: &[VectorRow]) -> Result<(), IndexError> {
        self.owners.lock().expect("whole").extend(rows.iter().map(|row| row.owner));
        let news = rows.iter().cloned().map(VectorNews::Upsert);
        self.waits_unless(self.index.upsert(rows).await, news)?;
        self.catch_up().await.map(drop).map_err(|error| IndexError::Unavailable(error.to_string()))
    }

    async fn remove(&self, owner: Owner, ids: &[MemoryId]) -> Result<(), IndexError> {
        let news = ids.iter().map(|memory| VectorNews::Forget { owner, memory: *memory });
        self.waits_unless(self.index.remove(owner, ids).await, news)?;
        self.catch_up().await.map(drop).map_err(|error| IndexError::Unavailable(error.to_string()))
    }

    async fn search(
        &self,
        owner: Owner,
        scope: &Scope,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Near>, IndexError> {
        self.index.search(owner, scope, vector, limit).await
    }

    fn dimension(&self) -> usize {
        self.index.dimension()
    }
}

#[tokio::test]
async fn with_no_other_with_one_and_with_a_broken_one_it_is_an_index() -> anyhow::Result<()> {
    let stand_in = StandIn::start(ANY_PORT, Kept::default(), None)?;
    for (mood, wire) in [
        (None, false),
        (Some(Mood::Well), true),
        (Some(Mood::Well), false),
        (Some(Mood::Gone), false),
        (Some(Mood::Mute), false),
        (Some(Mood::Flaky), false),
    ] {
        let broken = matches!(mood, Some(Mood::Gone | Mood::Mute));
        let server = mood.map(|mood| Server::new(if wire { qdrant(stand_in.url()) } else { apart() }, mood));
        let carrier = Carrier::new(server.clone().map(|server| server as Arc<dyn VectorIndex>));
        carrier.catch_up().await?;
        let world = VectorWorld { index: carrier.clone(), rows: Some(carrier.rows.clone()) };
        holds_the_contract(world).await?;
        if let Some(server) = server {
            let asked = server.searches.load(Ordering::SeqCst);
            // A broken one is asked until it fails for the first time.
            let is_fine = if broken { asked <= 1 } else { asked > 10 };
            ensure!(is_fine, "{mood:?}: {asked}");
        }
        // A flaky one takes some of it each time.
        let tries = 1 + carrier.waits().len();
        for _ in 0..tries {
            carrier.catch_up().await?;
        }
        ensure!(carrier.index.behind().is_some() == broken, "{mood:?}");
    }
    Ok(())
}

#[tokio::test]
async fn one_that_comes_is_asked_once_it_has_been_told_everything() -> anyhow::Result<()> {
    let carrier = Carrier::new(None);
    ensure!(carrier.index.behind().is_some(), "what waits from before has to be told first");
    ensure!(carrier.catch_up().await?);
    let early = row(owner(), toward(1.0, 0.0));
    carrier.remember(&early).await?;
    ensure!(carrier.index.behind().is_none() && carrier.waits().is_empty(), "there is nobody to be told");
    for _ in 0..2 {
        let server = Server::new(apart(), Mood::Well);
        carrier.hand.send_replace(Some(server.clone()));
        ensure!(carrier.found(&early).await? == [early.memory].into());
        ensure!(server.searches.load(Ordering::SeqCst) == 0, "it knows nothing yet");
        ensure!(carrier.catch_up().await? && carrier.found(&early).await? == [early.memory].into());
        ensure!(server.searches.load(Ordering::SeqCst) == 1);
    }
    Ok(())
}

#[tokio::test]
async fn news_that_come_while_it_catches_up_are_not_lost() -> anyhow::Result<()> {
    let server = Server::new(apart(), Mood::Well);
    let carrier = Carrier::new(Some(server));
    let behind = carrier.index.behind().expect("it knows nothing yet");
    let late = row(owner(), toward(1.0, 0.0));
    carrier.remember(&late).await?;
    ensure!(!carrier.index.caught_up(&behind) && carrier.index.behind().is_some());
    ensure!(carrier.catch_up().await? && carrier.found(&late).await? == [late.memory].into());
    Ok(())
}

#[tokio::test]
async fn a_server_dies_between_a_write_and_a_search_and_comes_back_with_what_it_knew() -> anyhow::Result<()> {
    let kept = Kept::default();
    let stand_in = StandIn::start(ANY_PORT, kept.clone(), None)?;
    let address = stand_in.address.to_string();
    let server = Server::new(qdrant(stand_in.url()), Mood::Well);
    let carrier = Carrier::new(Some(server.clone()));
    carrier.catch_up().await?;
    let (stays, goes) = (row(owner(), toward(1.0, 0.0)), toward(1.0, 0.1));
    let goes = row(stays.owner, goes);
    for row in [&stays, &goes] {
        carrier.remember(row).await?;
    }
    let points = || kept.lock().values().map(|collection| collection.points.len()).sum::<usize>();
    ensure!(points() == 2 && carrier.waits().is_empty());

    drop(stand_in);
    ensure!(carrier.found(&stays).await? == [stays.memory, goes.memory].into(), "our own knows both");
    carrier.forget(&goes).await?;
    ensure!(carrier.waits().len() == 1, "nobody was there to be told");
    let only = HashSet::from([stays.memory]);
    ensure!(carrier.found(&stays).await? == only);

    let _stand_in = loop {
        // The port is ours again once the old server's threads have let go of it.
        match StandIn::start(&address, kept.clone(), None) {
            Ok(stand_in) => break stand_in,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    carrier.clock.pass(Duration::from_mins(1));
    ensure!(points() == 2, "it still knows what is to be forgotten");
    ensure!(carrier.found(&stays).await? == only, "and is not asked");
    // What is older than that comes once again.
    let again = carrier.index.upsert(std::slice::from_ref(&goes)).await;
    ensure!(matches!(again, Err(IndexError::Unavailable(_))) && carrier.found(&stays).await? == only);

    ensure!(carrier.catch_up().await? && points() == 1);
    let before = server.searches.load(Ordering::SeqCst);
    ensure!(carrier.found(&stays).await? == only);
    ensure!(server.searches.load(Ordering::SeqCst) == before + 1);
    Ok(())
}

#[tokio::test]
async fn an_answer_from_before_it_fell_behind_does_not_count() -> anyhow::Result<()> {
    let server = Server::new(apart(), Mood::Well);
    let carrier = Carrier::new(Some(server.clone()));
    carrier.catch_up().await?;
    let [stays, goes] = {
        let owner = owner();
        [toward(1.0, 0.0), toward(1.0, 0.1)].map(|vector| row(owner, vector))
    };
    for row in [&stays, &goes] {
        carrier.remember(row).await?;
    }
    let held = server.gate.write().await;
    let forgetting = async {
        while server.searches.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        *server.mood() = Mood::Gone;
        let forgotten = carrier.forget(&goes).await;
        drop(held);
        forgotten
    };
    let (found, forgotten) = tokio::join!(carrier.found(&stays), forgetting);
    forgotten?;
    ensure!(found? == [stays.memory].into());
    Ok(())
}

#[tokio::test]
async fn one_caller_waits_for_a_server_that_fails_and_the_others_do_not() -> anyhow::Result<()> {
    let server = Server::new(apart(), Mood::Well);
    let carrier = Carrier::new(Some(server.clone()));
    carrier.catch_up().await?;
    *server.mood() = Mood::Gone;
    let like = row(owner(), toward(1.0, 0.0));
    for asked in [1, 2] {
        for _ in 0..10 {
            carrier.found(&like).await?;
        }
        ensure!(server.searches.load(Ordering::SeqCst) == asked);
        carrier.clock.pass(Duration::from_mins(1));
    }
    Ok(())
}

/// The point of it all: after every step exactly what the Store has is found, wherever it is looked for.
#[tokio::test]
async fn whatever_order_things_die_in_what_is_found_is_what_is_kept() -> anyhow::Result<()> {
    let (mut asked, mut missed) = (0, 0);
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let owner = owner();
        let mut server = Server::new(apart(), Mood::Well);
        let carrier = Carrier::new(None);
        carrier.is_hasty.store(true, Ordering::SeqCst);
        for step in 0..80 {
            let kept = carrier.rows.of_owner(owner, &embedding().model).await?;
            let some = kept.choose(&mut random).cloned();
            match (random.random_range(0..10), some) {
                (0..=2, _) | (3..=5, None) => {
                    let scope = random_scope(&mut random);
                    let vector = toward(random.random_range(0.1..1.0), 1.0);
                    carrier.remember(&VectorRow { scope, ..row(owner, vector) }).await?;
                }
                (3, Some(kept)) => {
                    let scope = random_scope(&mut random);
                    carrier.remember(&VectorRow { scope, ..kept }).await?;
                }
                (4 | 5, Some(kept)) => carrier.forget(&kept).await?,
                (6, _) => {
                    *server.mood() = *Mood::ALL.choose(&mut random).expect("there are some");
                }
                (7, _) => {
                    asked += server.searches.load(Ordering::SeqCst);
                    server = Server::new(apart(), Mood::Well);
                    let comes = random.random_bool(0.7);
                    carrier.hand.send_replace(comes.then(|| server.clone() as Arc<dyn VectorIndex>));
                }
                (8, _) => {
                    let place = random.random_range(0..=carrier.waits().len());
                    let again = carrier.waits().get(place).cloned();
                    if let Some(news) = again {
                        let told = tell(&carrier.index, &news).await;
                        ensure!(matches!(told, Err(IndexError::Unavailable(_))), "{seed}: {step}: {told:?}");
                    }
                }
                _ => {
                    // Whoever carries does not wait for ever.
                    server.wakes();
                    carrier.clock.pass(Duration::from_mins(1));
                    carrier.catch_up().await?;
                }
            }
            let (waits, is_behind) = (carrier.waits().len(), carrier.index.behind().is_some());
            ensure!(is_behind || waits == 0, "{seed}: {step}: {waits} wait");
            missed = missed.max(waits);
            let kept = carrier.rows.of_owner(owner, &embedding().model).await?;
            for scope in [Scope::Private, Scope::Channel("one".into())] {
                let like = VectorRow { scope, ..row(owner, toward(1.0, 1.0)) };
                let known = kept.iter().filter(|row| row.scope == like.scope).map(|row| row.memory);
                ensure!(carrier.found(&like).await? == known.collect(), "{seed}: {step}: {:?}", like.scope);
            }
        }
        asked += server.searches.load(Ordering::SeqCst);
    }
    ensure!(asked > 500 && missed > 5, "{asked} {missed}");
    Ok(())
}

fn random_scope(random: &mut StdRng) -> Scope {
    if random.random_bool(0.5) { Scope::Private } else { Scope::Channel("one".into()) }
}
