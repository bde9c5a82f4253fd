//! What opens, what is refused, and that a refused store is left as it was.

use super::harness::{Bench, TestClock, folder, migrating, sqlite_place};
use crate::adapters::postgres::open::{PostgresAddress, PostgresSettings, PostgresTls};
use crate::adapters::sql::migrate::SchemaPolicy;
use crate::adapters::sql::store::{SqlStore, StorePlace};
use crate::ports::error::{StoreError, Stored};
use crate::ports::store::StoreHealth;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

on_both_stores! {
    answers_a_round_trip,
    opens_again_after_it_was_closed,
}

async fn answers_a_round_trip(bench: &Bench) {
    bench.store.ping().await.expect("an open store answers");
}

async fn opens_again_after_it_was_closed(bench: &Bench) {
    bench.store.close().await;
    let again = bench.another().await;
    again.ping().await.expect("the store answers again");
    again.close().await;
}

async fn open(folder: &TempDir, policy: &SchemaPolicy) -> Stored<SqlStore> {
    open_at(&sqlite_place(folder), policy).await
}

async fn open_at(place: &StorePlace, policy: &SchemaPolicy) -> Stored<SqlStore> {
    SqlStore::open(place, policy, Arc::new(TestClock::default()), &TaskTracker::new()).await
}

/// The error, which must name the file.
async fn refusal(folder: &TempDir) -> StoreError {
    refusal_at(&sqlite_place(folder)).await
}

async fn refusal_at(place: &StorePlace) -> StoreError {
    let error = open_at(place, &migrating()).await.err().expect("this store is refused");
    assert!(error.to_string().contains("engine.db"), "{error}");
    error
}

async fn plain(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    options.connect().await.expect("SQLite opens its own file")
}

#[tokio::test]
async fn a_new_file_is_for_its_owner_only() {
    let folder = folder();
    let store = open(&folder, &migrating()).await.expect("a new store opens");
    store.ping().await.expect("it answers");
    for entry in std::fs::read_dir(folder.path()).expect("the folder is there") {
        let entry = entry.expect("its entries can be read");
        let mode = entry.metadata().expect("each has a mode").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    store.close().await;
}

#[tokio::test]
async fn a_process_that_may_not_migrate_makes_no_file() {
    let folder = folder();
    let error = open(&folder, &SchemaPolicy::Require).await.err().expect("nothing is there to open");
    assert!(matches!(error, StoreError::TooOld { found: 0, .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder is there").count(), 0);
}

#[tokio::test]
async fn what_is_no_database_is_named_and_left_alone() {
    let whole = {
        let folder = folder();
        open(&folder, &migrating()).await.expect("a new store opens").close().await;
        std::fs::read(folder.path().join("engine.db")).expect("the file is there")
    };
    let mut bad_page_size = whole.clone();
    bad_page_size[16] = 3;
    for content in [&b"just some words, and not few of them"[..], &[0; 8192], &whole[..600], &bad_page_size] {
        let folder = folder();
        let file = folder.path().join("engine.db");
        std::fs::write(&file, content).expect("the file can be written");
        let error = refusal(&folder).await;
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(std::fs::read(&file).expect("the file is there"), content);
    }
}

#[tokio::test]
async fn damage_inside_the_schema_is_named_and_left_alone() {
    let folder = folder();
    let file = folder.path().join("engine.db");
    open(&folder, &migrating()).await.expect("a new store opens").close().await;
    let mut content = std::fs::read(&file).expect("the file is there");
    content[100..4096].fill(0xAA);
    std::fs::write(&file, &content).expect("the file can be written");
    let error = refusal(&folder).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(std::fs::read(&file).expect("the file is there") == content, "the file was changed");
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = folder();
    let file = folder.path().join("engine.db");
    let mut other = plain(&file).await;
    sqlx::raw_sql("CREATE TABLE invoices (id INTEGER); PRAGMA application_id = 7")
        .execute(&mut other)
        .await
        .expect("another program writes its file");
    other.close().await.expect("it closes");
    let before = std::fs::read(&file).expect("the file is there");
    let error = refusal(&folder).await;
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
    assert!(std::fs::read(&file).expect("the file is there") == before, "the file was changed");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder is there").count(), 1);
}

#[tokio::test]
async fn a_file_held_by_another_program_is_unavailable_until_it_lets_go() {
    let folder = folder();
    open(&folder, &migrating()).await.expect("a new store opens").close().await;
    let mut other = plain(&folder.path().join("engine.db")).await;
    sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version = 1")
        .execute(&mut other)
        .await
        .expect("another program takes the file for itself");
    let StorePlace::Sqlite(mut settings) = sqlite_place(&folder) else { panic!("it is a file") };
    settings.busy_timeout = Duration::from_millis(200);
    let error = refusal_at(&StorePlace::Sqlite(settings)).await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("lock"), "{error}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("it lets go");
    other.close().await.expect("it closes");
    open(&folder, &migrating()).await.expect("now it opens").close().await;
}

#[tokio::test]
async fn an_empty_file_left_by_a_cut_first_start_is_taken_over() {
    let folder = folder();
    std::fs::write(folder.path().join("engine.db"), b"").expect("the file can be written");
    open(&folder, &migrating()).await.expect("nothing was kept in it").close().await;
}

/// Root may write anywhere but on a file system mounted read-only, so that is what is made here.
#[tokio::test]
async fn a_read_only_place_is_named() {
    let folder = folder();
    open(&folder, &migrating()).await.expect("a new store opens").close().await;
    let place = folder.path().as_os_str();
    let mounted = |arguments: &[&str]| {
        std::process::Command::new("mount")
            .args(arguments)
            .arg(place)
            .output()
            .is_ok_and(|o| o.status.success())
    };
    let bound = std::process::Command::new("mount").arg("--bind").arg(place).arg(place).output();
    if !bound.is_ok_and(|done| done.status.success()) {
        eprintln!("SKIPPED: mounting is not permitted here, so a read-only place cannot be made");
        return;
    }
    let read_only = mounted(&["-o", "remount,bind,ro"]);
    let outcome = if read_only { open(&folder, &migrating()).await.err() } else { None };
    let freed = std::process::Command::new("umount").arg(place).output().expect("umount can be run");
    assert!(freed.status.success(), "the mount is taken away again");
    let error = outcome.expect("a read-only place is refused");
    assert!(
        matches!(error, StoreError::ReadOnly { .. }) && error.to_string().contains("engine.db"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_named_without_its_password() {
    let mut settings = PostgresSettings::new(PostgresAddress::Parts {
        host: "127.0.0.1".into(),
        port: 1,
        database: "box".into(),
        user: "anna".into(),
        password: "very-secret".into(),
        tls: PostgresTls::Prefer,
    });
    settings.acquire_timeout = Duration::from_secs(2);
    assert!(!format!("{settings:?}").contains("very-secret"));
    let place = StorePlace::Postgres(settings);
    let opened =
        SqlStore::open(&place, &migrating(), Arc::new(TestClock::default()), &TaskTracker::new()).await;
    let error = opened.err().expect("nobody listens there");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(
        error.to_string().contains("127.0.0.1:1") && !error.to_string().contains("very-secret"),
        "{error}"
    );
}
