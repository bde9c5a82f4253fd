//! A store of the previous schema is upgraded; one of a newer schema is left as it was.

use super::harness::{PostgresDatabase, TestClock, folder, migrating, sqlite_place};
use crate::adapters::sql::db::Db;
use crate::adapters::sql::export::before::ExportBefore;
use crate::adapters::sql::migrate::{Migration, Progress, SchemaPolicy, Snapshot, Upgrade};
use crate::adapters::sql::migrations::MIGRATIONS;
use crate::adapters::sql::query::sql;
use crate::adapters::sql::store::{SqlStore, StorePlace};
use crate::ports::error::{StoreError, Stored};
use crate::ports::store::StoreHealth;
use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

const FIRST: Migration = Migration {
    version: 1,
    min_reader: 1,
    name: "first",
    sqlite: "CREATE TABLE things (name TEXT NOT NULL)",
    postgres: "CREATE TABLE things (name TEXT NOT NULL)",
};

/// Adds a column that older programs do not need to know.
const SECOND: Migration = Migration {
    version: 2,
    min_reader: 1,
    name: "second",
    sqlite: "ALTER TABLE things ADD COLUMN size INTEGER; UPDATE things SET size = length(name)",
    postgres: "ALTER TABLE things ADD COLUMN size BIGINT; UPDATE things SET size = length(name)",
};

/// Takes away what older programs need.
const THIRD: Migration = Migration {
    version: 3,
    min_reader: 3,
    name: "third",
    sqlite: "ALTER TABLE things RENAME TO items",
    postgres: "ALTER TABLE things RENAME TO items",
};

const BROKEN: Migration = Migration {
    version: 2,
    min_reader: 1,
    name: "broken",
    sqlite: "DELETE FROM things; CREATE TABLE other (x TEXT); SELECT nothing FROM nowhere",
    postgres: "DELETE FROM things; CREATE TABLE other (x TEXT); SELECT nothing FROM nowhere",
};

async fn open(known: &[Migration], place: &StorePlace, policy: &SchemaPolicy) -> Stored<SqlStore> {
    SqlStore::open_knowing(known, place, policy, Arc::new(TestClock::default()), &TaskTracker::new()).await
}

async fn written_by(known: &[Migration], place: &StorePlace) {
    let store = open(known, place, &migrating()).await.expect("an empty store opens");
    for name in ["lamp", "chair"] {
        store.db.run(sql("INSERT INTO things (name) VALUES ($1)").bind(name)).await.expect("a row is kept");
    }
    store.close().await;
}

async fn names(store: &SqlStore) -> Vec<String> {
    let rows = store.db.all(sql("SELECT name FROM things ORDER BY name")).await.expect("the rows are there");
    rows.iter().map(|row| row.get("name").expect("each has a name")).collect()
}

async fn upgrades_with_its_rows(place: &StorePlace) {
    written_by(&[FIRST], place).await;
    let error =
        open(&[FIRST, SECOND], place, &SchemaPolicy::Require).await.err().expect("it must be migrated");
    assert!(matches!(error, StoreError::TooOld { found: 1, needed: 2, .. }), "{error}");

    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = seen.clone();
    let progress = move |step| listener.lock().expect("nobody panics holding it").push(step);
    let upgrade = Upgrade { progress: Some(Arc::new(progress)), ..Upgrade::default() };
    let store = open(&[FIRST, SECOND], place, &SchemaPolicy::Migrate(upgrade)).await.expect("it upgrades");
    assert_eq!(names(&store).await, ["chair", "lamp"]);
    let sizes =
        store.db.all(sql("SELECT size FROM things ORDER BY name")).await.expect("the column is there");
    assert_eq!(sizes[0].get::<i64>("size").expect("it is filled"), 5);
    store.close().await;

    let seen = seen.lock().expect("nobody panics holding it");
    assert!(seen.contains(&Progress::Applying { name: "second", step: 1, steps: 1 }), "{seen:?}");
    assert_eq!(seen.last(), Some(&Progress::Done));
}

async fn an_older_program_runs_while_it_can(place: &StorePlace) {
    written_by(&[FIRST], place).await;
    open(&[FIRST, SECOND], place, &migrating()).await.expect("it upgrades").close().await;
    let older =
        open(&[FIRST], place, &SchemaPolicy::Require).await.expect("the older program still knows enough");
    assert_eq!(names(&older).await, ["chair", "lamp"]);
    older.close().await;
    open(&[FIRST, SECOND, THIRD], place, &migrating()).await.expect("it upgrades").close().await;
    for policy in [SchemaPolicy::Require, migrating()] {
        let error = open(&[FIRST, SECOND], place, &policy).await.err().expect("now it does not");
        assert!(matches!(error, StoreError::TooNew { min_reader: 3, known: 2, .. }), "{error}");
    }
}

async fn a_failed_step_leaves_nothing_behind(place: &StorePlace) {
    written_by(&[FIRST], place).await;
    let error = open(&[FIRST, BROKEN], place, &migrating()).await.err().expect("the step fails");
    assert!(error.to_string().contains("broken"), "{error}");
    let store = open(&[FIRST], place, &SchemaPolicy::Require).await.expect("it is as it was");
    assert_eq!(names(&store).await, ["chair", "lamp"]);
    assert!(store.db.all(sql("SELECT x FROM other")).await.is_err(), "the new table is gone again");
    store.close().await;
}

/// Every schema this program ever had, with a row in it, opens and is brought up to date.
async fn every_earlier_schema_upgrades(steps: usize, place: &StorePlace) {
    let (id, at) = (vec![7_u8; 16], 5_i64);
    let old = open(&MIGRATIONS[..steps], place, &migrating()).await.expect("an empty store opens");
    let insert = sql("INSERT INTO conversations
         (id, tenant_id, person_id, companion_id, title, pinned, created_at, updated_at)
         VALUES ($1, $1, $1, $1, 'kept', 1, $2, $2)")
    .bind(id)
    .bind(at);
    old.db.run(insert).await.expect("a row is kept");
    old.close().await;
    let new = open(MIGRATIONS, place, &migrating()).await.expect("it upgrades");
    let row =
        new.db.one(sql("SELECT title, updated_at FROM conversations")).await.expect("the store answers");
    let row = row.expect("the row is there");
    assert_eq!(row.get::<String>("title").expect("a title"), "kept");
    assert_eq!(row.get::<i64>("updated_at").expect("a time"), at);
    new.close().await;
}

/// Notes what it was asked for, and refuses where told to.
#[derive(Default)]
struct NotedSnapshot {
    asked: Mutex<Vec<(i64, i64, Vec<String>)>>,
    refuses: bool,
}

#[async_trait]
impl Snapshot for NotedSnapshot {
    async fn take(&self, db: &Db, found: i64, target: i64) -> Stored<()> {
        let rows = db.all(sql("SELECT name FROM things ORDER BY name")).await?;
        let names = rows.iter().map(|row| row.get("name")).collect::<Stored<Vec<String>>>()?;
        self.asked.lock().expect("nobody panics holding it").push((found, target, names));
        if self.refuses { Err(StoreError::DiskFull) } else { Ok(()) }
    }
}

fn sqlite() -> (TempDir, StorePlace) {
    let folder = folder();
    let place = sqlite_place(&folder);
    (folder, place)
}

#[tokio::test]
async fn sqlite_upgrades_with_its_rows_and_keeps_a_snapshot() {
    let (folder, place) = sqlite();
    upgrades_with_its_rows(&place).await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("backups/before-schema-2.db"));
    let mut snapshot = options.read_only(true).connect().await.expect("the snapshot opens");
    let rows: Vec<String> = sqlx::query_scalar("SELECT name FROM things ORDER BY name")
        .fetch_all(&mut snapshot)
        .await
        .expect("it is the old schema with the old rows");
    assert_eq!(rows, ["chair", "lamp"]);
    let version: i64 = sqlx::query_scalar("SELECT MAX(version) FROM schema_history")
        .fetch_one(&mut snapshot)
        .await
        .expect("it knows its version");
    assert_eq!(version, 1);
    snapshot.close().await.expect("it closes");
}

#[tokio::test]
async fn a_snapshot_can_be_opened_as_a_store_by_the_older_program() {
    let (folder, place) = sqlite();
    upgrades_with_its_rows(&place).await;
    let kept = folder.path().join("backups/before-schema-2.db");
    std::fs::remove_file(folder.path().join("engine.db")).expect("the upgraded file goes");
    std::fs::copy(kept, folder.path().join("engine.db")).expect("the snapshot takes its place");
    let store = open(&[FIRST], &place, &SchemaPolicy::Require).await.expect("the older program opens it");
    assert_eq!(names(&store).await, ["chair", "lamp"]);
    store.close().await;
}

#[tokio::test]
async fn sqlite_of_a_newer_schema_is_refused_byte_for_byte_as_it_was() {
    let (folder, place) = sqlite();
    written_by(&[FIRST, SECOND, THIRD].map(|step| Migration { min_reader: 3, ..step })[..2], &place).await;
    let file = folder.path().join("engine.db");
    let before = std::fs::read(&file).expect("the file is there");
    for policy in [SchemaPolicy::Require, migrating()] {
        let error = open(&[FIRST], &place, &policy).await.err().expect("it is too new");
        assert!(matches!(error, StoreError::TooNew { min_reader: 3, known: 1, .. }), "{error}");
    }
    assert!(std::fs::read(&file).expect("the file is there") == before, "the file was changed");
}

#[tokio::test]
async fn sqlite_serves_older_programs_while_they_know_enough() {
    let (_folder, place) = sqlite();
    an_older_program_runs_while_it_can(&place).await;
}

#[tokio::test]
async fn sqlite_keeps_nothing_of_a_failed_step() {
    let (_folder, place) = sqlite();
    a_failed_step_leaves_nothing_behind(&place).await;
}

#[tokio::test]
async fn postgres_upgrades_with_its_rows() {
    let database = PostgresDatabase::create().await;
    upgrades_with_its_rows(&database.place()).await;
    database.remove().await;
}

#[tokio::test]
async fn postgres_serves_older_programs_while_they_know_enough() {
    let database = PostgresDatabase::create().await;
    an_older_program_runs_while_it_can(&database.place()).await;
    database.remove().await;
}

#[tokio::test]
async fn postgres_keeps_nothing_of_a_failed_step() {
    let database = PostgresDatabase::create().await;
    a_failed_step_leaves_nothing_behind(&database.place()).await;
    database.remove().await;
}

#[tokio::test]
async fn postgres_is_migrated_once_by_many_that_start_together() {
    let database = PostgresDatabase::create().await;
    let place = database.place();
    let policy = migrating();
    let starts = (0..4).map(|_| open(&[FIRST, SECOND, THIRD], &place, &policy));
    for opened in futures::future::join_all(starts).await {
        opened.expect("each finds the schema ready").close().await;
    }
    database.remove().await;
}

#[tokio::test]
async fn sqlite_of_every_earlier_schema_upgrades() {
    for steps in 1..MIGRATIONS.len() {
        let (_folder, place) = sqlite();
        every_earlier_schema_upgrades(steps, &place).await;
    }
}

#[tokio::test]
async fn postgres_of_every_earlier_schema_upgrades() {
    for steps in 1..MIGRATIONS.len() {
        let database = PostgresDatabase::create().await;
        every_earlier_schema_upgrades(steps, &database.place()).await;
        database.remove().await;
    }
}

#[tokio::test]
async fn postgres_is_copied_first_and_stays_as_it_was_where_that_fails() {
    let database = PostgresDatabase::create().await;
    let place = database.place();
    written_by(&[FIRST], &place).await;
    let refusing = Arc::new(NotedSnapshot { refuses: true, ..NotedSnapshot::default() });
    let policy = SchemaPolicy::Migrate(Upgrade { snapshot: Some(refusing), ..Upgrade::default() });
    let error = open(&[FIRST, SECOND, THIRD], &place, &policy).await.err().expect("there is no copy");
    assert!(matches!(error, StoreError::DiskFull), "{error}");
    open(&[FIRST], &place, &SchemaPolicy::Require).await.expect("it is as it was").close().await;

    let noted = Arc::new(NotedSnapshot::default());
    let policy = SchemaPolicy::Migrate(Upgrade { snapshot: Some(noted.clone()), ..Upgrade::default() });
    for _ in 0..2 {
        open(&[FIRST, SECOND, THIRD], &place, &policy).await.expect("it upgrades once").close().await;
    }
    let asked = noted.asked.lock().expect("nobody panics holding it").clone();
    assert_eq!(asked, [(1, 3, vec!["chair".to_owned(), "lamp".to_owned()])]);
    database.remove().await;
}

#[tokio::test]
async fn postgres_upgrades_behind_an_export_of_what_was_there() {
    let (database, folder) = (PostgresDatabase::create().await, folder());
    let place = database.place();
    written_by(&[FIRST, SECOND], &place).await;
    let before = ExportBefore { folder: folder.path().into(), clock: Arc::new(TestClock::default()) };
    let policy = SchemaPolicy::Migrate(Upgrade { snapshot: Some(Arc::new(before)), ..Upgrade::default() });
    let store = open(&[FIRST, SECOND, THIRD], &place, &policy).await.expect("it is brought forward");
    store.close().await;
    database.remove().await;

    let kept = folder.path().join("before-schema-3.jsonl");
    let text = std::fs::read_to_string(&kept).expect("the export is there");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with(r#"{"format":1,"schema":2,"#), "{}", lines[0]);
    for row in [
        r#"{"t":"things","r":{"name":"lamp","size":null}}"#,
        r#"{"t":"things","r":{"name":"chair","size":null}}"#,
    ] {
        assert!(lines.contains(&row), "{row} in {text}");
    }
    assert!(lines[lines.len() - 1].starts_with(r#"{"done":{"tables":1,"rows":2,"#), "{text}");
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("it is ours").count(),
        1,
        "nothing unfinished is left"
    );
}
