//! SQLite's one writer, with group commit.
//!
//! A flush to the disk is what a small transaction waits for, and one flush can serve many. Each
//! writer gets a savepoint in a shared transaction; the committer queues for the same fair lock, so
//! whoever came before it is in its group, and everybody learns the outcome after the flush.
//!
//! A transaction dropped half-way leaves its savepoint open; the next one in line rolls it back. What
//! moves the shared transaction itself runs in tasks, so a caller that leaves cannot tear it. Each
//! command is a walk to the driver's thread and back while everybody else waits, so a writer's first
//! statement takes along what puts away the savepoint of the one before and makes its own.
//! Where the disk or the file fails, SQLite may have undone the whole shared transaction, so the
//! group is given up as one and nobody in it is told that their words are safe.

use crate::adapters::sql::failure::store_error;
use crate::adapters::sql::query::{Query, sql};
use crate::ports::error::{StoreError, Stored};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{Connection, Either, Executor, SqliteConnection};
use std::sync::Arc;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[derive(Clone)]
pub struct Writer {
    group: Arc<Mutex<Group>>,
    wake: Arc<Notify>,
    closing: CancellationToken,
    closed: CancellationToken,
    tasks: TaskTracker,
}

/// The shared transaction and those who wait for it.
struct Group {
    /// `None` once closed.
    connection: Option<SqliteConnection>,
    shared: Shared,
    /// Why everything since BEGIN must be given up.
    broken: Option<Breakage>,
    waiting: Vec<oneshot::Sender<Stored<()>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shared {
    /// Nothing was begun.
    None,
    /// One writer has its savepoint in it, and is at work or was dropped.
    Open,
    /// That writer is done: its savepoint goes with the next one's first command, or with the commit.
    Kept,
}

#[derive(Clone)]
enum Breakage {
    DiskFull,
    Other(String),
}

impl Writer {
    /// Takes over the connection and starts the committer on `tasks`.
    pub fn start(connection: SqliteConnection, tasks: &TaskTracker) -> Self {
        let group =
            Group { connection: Some(connection), shared: Shared::None, broken: None, waiting: Vec::new() };
        let writer = Self {
            group: Arc::new(Mutex::new(group)),
            wake: Arc::new(Notify::new()),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
            tasks: tasks.clone(),
        };
        writer.tasks.spawn(commit_groups(writer.clone()));
        writer
    }

    /// A second one begun by a task that still holds its first would wait for itself for ever.
    pub async fn begin(&self) -> GroupedTx {
        let place = Place { group: self.group.clone().lock_owned().await, wake: self.wake.clone() };
        GroupedTx { place: Some(place), entered: false, tasks: self.tasks.clone() }
    }

    /// Commits what is waiting and closes the file.
    pub async fn close(&self) {
        self.closing.cancel();
        self.closed.cancelled().await;
    }
}

async fn commit_groups(writer: Writer) {
    let closed = writer.closed.clone().drop_guard();
    loop {
        tokio::select! {
            () = writer.wake.notified() => writer.group.lock().await.settle().await,
            () = writer.closing.cancelled() => break,
        }
    }
    let mut group = writer.group.lock().await;
    group.settle().await;
    if let Some(connection) = group.connection.take()
        && let Err(error) = connection.close().await
    {
        tracing::warn!(error = %error, "the database file did not close cleanly");
    }
    drop(closed);
}

impl Group {
    /// A writer's first statement, and with it room for that writer: a fresh savepoint in a healthy shared
    /// transaction.
    async fn enter(&mut self, first: Query) -> Stored<Done> {
        if self.broken.is_some() {
            self.give_up().await;
        }
        let room = match self.shared {
            Shared::None => "BEGIN IMMEDIATE; SAVEPOINT one",
            Shared::Open => "ROLLBACK TO one",
            Shared::Kept => "RELEASE one; SAVEPOINT one",
        };
        self.shared = Shared::Open;
        self.run(Query::joined(vec![sql(room), first])).await.inspect_err(|error| {
            // Only this comes from the statement for certain; else nobody knows how far it came.
            if !matches!(error, StoreError::Conflict { .. }) {
                self.broken = Some(Breakage::from(error));
            }
        })
    }

    /// Notes a failure after which the shared transaction cannot be trusted.
    async fn run(&mut self, query: Query) -> Stored<Done> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        let done = done(connection.fetch_many(query.for_sqlite())).await.map_err(store_error);
        done.inspect_err(|error| {
            let lost = matches!(
                error,
                StoreError::DiskFull | StoreError::Corrupt { .. } | StoreError::Unavailable { .. }
            );
            if lost {
                self.broken = Some(Breakage::from(error));
            }
        })
    }

    /// Ends the shared transaction and tells everybody how it went.
    async fn settle(&mut self) {
        if self.broken.is_some() {
            return self.give_up().await;
        }
        let command = match self.shared {
            Shared::None => return,
            Shared::Open => "ROLLBACK TO one; COMMIT",
            Shared::Kept => "COMMIT",
        };
        match self.say(command).await {
            Ok(()) => {
                self.shared = Shared::None;
                for waiter in self.waiting.drain(..) {
                    // A waiter that left does not need the answer.
                    let _ = waiter.send(Ok(()));
                }
            }
            Err(error) => {
                self.broken = Some(Breakage::from(&error));
                self.give_up().await;
            }
        }
    }

    /// Rolls everything back and tells the group that nothing was kept.
    async fn give_up(&mut self) {
        let cause = self.broken.take().unwrap_or(Breakage::Other("the transaction was given up".into()));
        if self.shared != Shared::None {
            // SQLite may have rolled back by itself already; either way nothing is left.
            let _ = self.say("ROLLBACK").await;
        }
        self.shared = Shared::None;
        for waiter in self.waiting.drain(..) {
            let _ = waiter.send(Err(cause.to_error()));
        }
    }

    async fn say(&mut self, command: &'static str) -> Stored<()> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        sqlx::query(command).execute(connection).await.map_err(store_error)?;
        Ok(())
    }
}

/// What the last of some statements did.
#[derive(Default)]
pub struct Done {
    pub changed: u64,
    pub rows: Vec<SqliteRow>,
}

async fn done(
    mut said: BoxStream<'_, sqlx::Result<Either<SqliteQueryResult, SqliteRow>>>,
) -> sqlx::Result<Done> {
    let mut done = Done::default();
    while let Some(said) = said.try_next().await? {
        match said {
            // Those that change nothing report what was changed before them.
            Either::Left(result) => done.changed = result.rows_affected(),
            Either::Right(row) => done.rows.push(row),
        }
    }
    Ok(done)
}

/// One writer's part of the shared transaction.
pub struct GroupedTx {
    /// `None` once committed, and while its first statement is under way.
    place: Option<Place>,
    entered: bool,
    tasks: TaskTracker,
}

/// Nobody else writes while it is held.
struct Place {
    group: OwnedMutexGuard<Group>,
    wake: Arc<Notify>,
}

impl GroupedTx {
    pub async fn run(&mut self, query: Query) -> Stored<Done> {
        if self.entered {
            return self.place.as_mut().ok_or_else(closed)?.group.run(query).await;
        }
        let mut place = self.place.take().ok_or_else(closed)?;
        self.entered = true;
        let entering = self.tasks.spawn(async move {
            let done = place.group.enter(query).await;
            (done, place)
        });
        let (done, place) = entering.await.map_err(|_| closed())?;
        self.place = Some(place);
        done
    }

    pub async fn commit(mut self) -> Stored<()> {
        let mut place = self.place.take().ok_or_else(closed)?;
        if let Some(cause) = &place.group.broken {
            return Err(cause.to_error());
        }
        if !self.entered {
            return Ok(());
        }
        place.group.shared = Shared::Kept;
        let (told, outcome) = oneshot::channel();
        place.group.waiting.push(told);
        drop(place);
        outcome.await.map_err(|_| closed())?
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The committer also tidies up after those who left without a word. It waits for the place, which
        // is free right after this.
        self.wake.notify_one();
    }
}

impl From<&StoreError> for Breakage {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::DiskFull => Self::DiskFull,
            other => Self::Other(other.to_string()),
        }
    }
}

impl Breakage {
    fn to_error(&self) -> StoreError {
        match self {
            Self::DiskFull => StoreError::DiskFull,
            Self::Other(reason) => StoreError::Unavailable { reason: reason.clone(), source: None },
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable { reason: "the database file is closed".into(), source: None }
}
