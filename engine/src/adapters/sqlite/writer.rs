//! SQLite's one writer, with group commit.
//!
//! A flush to the disk is what a small transaction waits for, and one flush can serve many. Each
//! writer gets a savepoint in a shared transaction; the committer queues for the same fair lock, so
//! whoever came before it is in its group, and everybody learns the outcome after the flush.
//!
//! A transaction dropped half-way leaves its savepoint open; the next one in line rolls it back. What
//! moves the shared transaction itself runs in tasks, so a caller that leaves cannot tear it. Each
//! command is a walk to the driver's thread and back, so the savepoint of one writer is put away with
//! the same command that makes the next one's.
//! Where the disk or the file fails, SQLite may have undone the whole shared transaction, so the
//! group is given up as one and nobody in it is told that their words are safe.

use crate::adapters::sql::failure::store_error;
use crate::ports::error::{StoreError, Stored};
use sqlx::{Connection, SqliteConnection};
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
    pub async fn begin(&self) -> Stored<GroupedTx> {
        let mut tx =
            GroupedTx { group: Some(self.group.clone().lock_owned().await), wake: self.wake.clone() };
        let entered = self.tasks.spawn(async move {
            match tx.group.as_mut() {
                Some(group) => group.enter().await.map(|()| tx),
                None => Err(closed()),
            }
        });
        entered.await.map_err(|_| closed())?
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
    /// Makes room for one more writer: a fresh savepoint in a healthy shared transaction.
    async fn enter(&mut self) -> Stored<()> {
        if self.broken.is_some() {
            self.give_up().await;
        }
        let command = match self.shared {
            Shared::None => "BEGIN IMMEDIATE; SAVEPOINT one",
            Shared::Open => "ROLLBACK TO one",
            Shared::Kept => "RELEASE one; SAVEPOINT one",
        };
        self.shared = Shared::Open;
        let entered = self.say(command).await;
        if let Err(error) = &entered {
            // How far it came is not known.
            self.broken = Some(Breakage::from(error));
        }
        entered
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

/// One writer's part of the shared transaction.
pub struct GroupedTx {
    /// `None` once committed.
    group: Option<OwnedMutexGuard<Group>>,
    wake: Arc<Notify>,
}

impl GroupedTx {
    pub fn connection(&mut self) -> &mut SqliteConnection {
        self.group
            .as_mut()
            .and_then(|group| group.connection.as_mut())
            .expect("a transaction is handed out only with an open connection, and commit consumes it")
    }

    /// Notes a failure after which the shared transaction cannot be trusted.
    pub fn watch<T>(&mut self, result: Result<T, sqlx::Error>) -> Stored<T> {
        result.map_err(store_error).inspect_err(|error| {
            let lost = matches!(
                error,
                StoreError::DiskFull | StoreError::Corrupt { .. } | StoreError::Unavailable { .. }
            );
            if let Some(group) = self.group.as_mut().filter(|_| lost) {
                group.broken = Some(Breakage::from(error));
            }
        })
    }

    pub async fn commit(mut self) -> Stored<()> {
        let mut group = self.group.take().ok_or_else(closed)?;
        if let Some(cause) = &group.broken {
            return Err(cause.to_error());
        }
        group.shared = Shared::Kept;
        let (told, outcome) = oneshot::channel();
        group.waiting.push(told);
        drop(group);
        self.wake.notify_one();
        outcome.await.map_err(|_| closed())?
    }
}

impl Drop for GroupedTx {
    fn drop(&mut self) {
        // The committer also tidies up after those who left without a word.
        self.group = None;
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
