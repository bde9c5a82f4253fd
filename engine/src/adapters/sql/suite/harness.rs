//! An empty store of either kind for one test, thrown away afterwards, and a clock under its control.

use crate::adapters::postgres::open::{PostgresAddress, PostgresSettings};
use crate::adapters::sql::migrate::{SchemaPolicy, Upgrade};
use crate::adapters::sql::store::{SqlStore, StorePlace};
use crate::adapters::sqlite::open::SqliteSettings;
use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use futures::FutureExt;
use sqlx::{Connection, Executor, PgConnection};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// A store with its clock and its place, so a test can also open it a second time.
pub struct Bench {
    pub store: SqlStore,
    pub clock: Arc<TestClock>,
    pub place: StorePlace,
    pub tasks: TaskTracker,
    /// Holds the file, or names the database to drop.
    leftover: Leftover,
}

enum Leftover {
    Folder(#[expect(dead_code, reason = "dropping it removes the folder")] TempDir),
    Database(PostgresDatabase),
}

impl Bench {
    pub async fn sqlite() -> Self {
        let folder = folder();
        let place = sqlite_place(&folder);
        Self::opened(place, Leftover::Folder(folder)).await
    }

    pub async fn postgres() -> Self {
        let database = PostgresDatabase::create().await;
        Self::opened(database.place(), Leftover::Database(database)).await
    }

    async fn opened(place: StorePlace, leftover: Leftover) -> Self {
        let (clock, tasks) = (Arc::new(TestClock::default()), TaskTracker::new());
        let store = SqlStore::open(&place, &migrating(), clock.clone(), &tasks)
            .await
            .expect("an empty store opens and takes the schema");
        Self { store, clock, place, tasks, leftover }
    }

    /// Runs the behaviour and clears up, also when it fails.
    pub async fn show(&self, behaviour: impl Future<Output = ()>) {
        let outcome = AssertUnwindSafe(behaviour).catch_unwind().await;
        self.store.db.close().await;
        if let Leftover::Database(database) = &self.leftover {
            database.remove().await;
        }
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }

    /// The same store through connections of its own, as another process would have it.
    pub async fn another(&self) -> SqlStore {
        SqlStore::open(&self.place, &SchemaPolicy::Require, self.clock.clone(), &self.tasks)
            .await
            .expect("a store that is open can be opened again")
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh id of any kind.
    pub fn id<T: From<Uuid>>(&self) -> T {
        T::from(self.clock.new_id())
    }
}

pub fn migrating() -> SchemaPolicy {
    SchemaPolicy::Migrate(Upgrade::default())
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

pub fn sqlite_place(folder: &TempDir) -> StorePlace {
    StorePlace::Sqlite(SqliteSettings::new(folder.path().join("engine.db")))
}

/// A database of one test's own on the test server.
pub struct PostgresDatabase {
    server: String,
    name: String,
}

impl PostgresDatabase {
    pub async fn create() -> Self {
        let server = std::env::var("WHISPERENGINE_TEST_POSTGRES_URL").expect(
            "WHISPERENGINE_TEST_POSTGRES_URL names a PostgreSQL server to test on; `scripts/test` starts one",
        );
        let name = format!("whisperengine_test_{}", Uuid::now_v7().simple());
        // The encoding and the meaning of letters must not hang on how the server was set up.
        let wish = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
        let database = Self { server, name };
        database.say(wish).await;
        database
    }

    pub fn place(&self) -> StorePlace {
        let mut url = url::Url::parse(&self.server).expect("the test server's address is a URL");
        url.set_path(&self.name);
        let mut settings = PostgresSettings::new(PostgresAddress::Url(url.into()));
        settings.acquire_timeout = Duration::from_secs(10);
        StorePlace::Postgres(settings)
    }

    pub async fn remove(&self) {
        self.say(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await;
    }

    async fn say(&self, command: String) {
        let mut link = PgConnection::connect(&self.server).await.expect("the test server answers");
        link.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(command)))
            .await
            .expect("the test role may make databases");
        link.close().await.expect("the connection closes");
    }
}

/// Stands still until moved; ids and chance are counted, so a failing test fails the same way again.
pub struct TestClock {
    now: AtomicI64,
    count: AtomicU64,
}

impl Default for TestClock {
    fn default() -> Self {
        Self { now: AtomicI64::new(1_795_000_000_000_000), count: AtomicU64::new(1) }
    }
}

impl TestClock {
    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(i64::try_from(span.as_micros()).expect("a short span"), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.now().0 / 1_000).expect("the test clock runs after 1970");
        let count = u128::from(self.count.fetch_add(1, Ordering::SeqCst)).to_be_bytes();
        let mut tail = [0; 10];
        tail.copy_from_slice(&count[6..]);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.count.fetch_add(1, Ordering::SeqCst).to_le_bytes()[0];
        }
    }
}
