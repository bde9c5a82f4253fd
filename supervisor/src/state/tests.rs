use super::choices::Home;
use super::images::KnownImage;
use super::jobs::JobRow;
use super::journal::Step;
use super::open::{State, StateError};
use crate::services::name::ServiceName;
use engine::domain::time::Timestamp;
use std::os::unix::fs::PermissionsExt;

const NOW: Timestamp = Timestamp(1_000);

async fn fresh() -> (tempfile::TempDir, State) {
    let temp = tempfile::tempdir().expect("a directory");
    let state = State::open(&temp.path().join("appliance.db")).await.expect("opened");
    (temp, state)
}

#[tokio::test]
async fn an_intent_is_open_from_before_the_call_until_its_outcome_is_written() {
    let (temp, state) = fresh().await;
    let create = state.begin(Step::Create, "redis", NOW).await.expect("written");
    let start = state.begin(Step::Start, "redis", NOW).await.expect("written");
    state.end(create, "done", NOW).await.expect("written");
    // As after a crash: nothing was closed in order.
    let again = State::open(&temp.path().join("appliance.db")).await.expect("opened");
    let open = again.open_intents().await.expect("read");
    assert_eq!(
        open.iter().map(|one| (one.intent, one.step.as_str())).collect::<Vec<_>>(),
        [(start, "start")]
    );
    assert!(again.is_left_over(&open[0]), "whoever was at it is gone");
    assert!(!state.is_left_over(&open[0]), "whoever began it may still be at it");
    again.end(start, "interrupted", NOW).await.expect("written");
    assert!(again.open_intents().await.expect("read").is_empty());
}

#[tokio::test]
async fn a_box_has_left_its_engine_until_it_changes_something_there_again() {
    let (_temp, state) = fresh().await;
    assert!(!state.has_left().await.expect("read"), "it was never there");
    let leave = state.begin(Step::Leave, "the box", NOW).await.expect("written");
    assert!(!state.has_left().await.expect("read"), "that it got so far is not written yet");
    state.end(leave, "done", NOW).await.expect("written");
    assert!(state.has_left().await.expect("read"));
    let _create = state.begin(Step::Create, "redis", NOW).await.expect("written");
    assert!(!state.has_left().await.expect("read"));
}

#[tokio::test]
async fn a_volume_was_had_from_when_it_was_first_seen_until_its_owner_begins_anew() {
    let (_temp, state) = fresh().await;
    assert!(!state.had_volume(ServiceName::Postgres).await.expect("read"));
    for _ in 0..2 {
        state.remember_volume(ServiceName::Postgres, NOW).await.expect("written");
    }
    assert!(state.had_volume(ServiceName::Postgres).await.expect("read"));
    assert!(!state.had_volume(ServiceName::Redis).await.expect("read"));
    state.forget_volume(ServiceName::Postgres).await.expect("written");
    assert!(!state.had_volume(ServiceName::Postgres).await.expect("read"));
}

/// A full disk is noticed when a statement is committed, which is after its rows were told.
#[tokio::test]
async fn an_intent_that_cannot_be_kept_is_none() {
    let (_temp, state) = fresh().await;
    for statement in [
        "CREATE TABLE whole (id INTEGER PRIMARY KEY)",
        "CREATE TABLE part (id INTEGER REFERENCES whole (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER fails AFTER INSERT ON journal BEGIN INSERT INTO part VALUES (new.id); END",
    ] {
        sqlx::query(statement).execute(&state.pool).await.expect("made");
    }
    let begun = state.begin(Step::Create, "redis", NOW).await;
    assert!(begun.is_err(), "{begun:?} was kept: {:?}", state.open_intents().await);
}

#[tokio::test]
async fn a_box_keeps_its_id_and_its_owners_choices_and_its_file_to_itself() {
    let (temp, state) = fresh().await;
    state.choose(ServiceName::Redis, Home::Native, NOW).await.expect("written");
    state.choose(ServiceName::Redis, Home::Container, NOW).await.expect("written");
    state.close().await;
    let file = temp.path().join("appliance.db");
    let again = State::open(&file).await.expect("opened");
    assert_eq!(again.box_id(), state.box_id());
    assert_eq!(again.choices().await.expect("read"), [(ServiceName::Redis, Home::Container)].into());
    let mode = std::fs::metadata(file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (_other, other) = fresh().await;
    assert_ne!(other.box_id(), state.box_id());
}

#[tokio::test]
async fn a_job_that_was_under_way_when_the_box_ended_says_so() {
    let (_temp, state) = fresh().await;
    let row = JobRow {
        id: "1".to_owned(),
        kind: "image".to_owned(),
        subject: "redis".to_owned(),
        stage: "downloading".to_owned(),
        done: 0,
        total: None,
        begun_at: 1,
        moved_at: 1,
        ended_at: None,
        outcome: None,
        detail: None,
    };
    state.begin_job(&row).await.expect("written");
    assert_eq!(state.jobs(9).await.expect("read"), std::slice::from_ref(&row));
    let other = JobRow { id: "2".to_owned(), begun_at: 2, ..row };
    state.begin_job(&other).await.expect("written");
    let ended = JobRow {
        done: 7,
        total: Some(9),
        moved_at: 3,
        ended_at: Some(3),
        outcome: Some("done".to_owned()),
        ..other
    };
    state.end_job(&ended).await.expect("written");
    assert_eq!(state.jobs(1).await.expect("read"), [ended]);
    assert_eq!(state.interrupt_jobs(NOW).await.expect("written"), 1);
    let outcomes: Vec<_> = state.jobs(9).await.expect("read").into_iter().map(|job| job.outcome).collect();
    assert_eq!(outcomes, [Some("done".to_owned()), Some("interrupted".to_owned())]);
}

#[tokio::test]
async fn what_was_learnt_about_an_image_is_kept_until_it_is_forgotten() {
    let (_temp, state) = fresh().await;
    let image = KnownImage {
        reference: "redis:8".to_owned(),
        image_id: "sha256:1".to_owned(),
        digest: None,
        had_by: "bundle".to_owned(),
    };
    state.remember_image(&image, NOW).await.expect("written");
    assert_eq!(state.known_image("redis:8").await.expect("read"), Some(image));
    assert_eq!(state.known_image("redis:7").await.expect("read"), None);
    state.forget_images().await.expect("written");
    assert_eq!(state.known_image("redis:8").await.expect("read"), None);
}

#[tokio::test]
async fn a_file_of_another_program_or_of_a_newer_version_is_left_alone() {
    let (temp, state) = fresh().await;
    let file = temp.path().join("appliance.db");
    sqlx::query("PRAGMA user_version = 999").execute(&state.pool).await.expect("set");
    state.close().await;
    assert!(matches!(State::open(&file).await, Err(StateError::TooNew { found: 999, .. })));
    let state = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.expect("opened");
    sqlx::query("PRAGMA application_id = 7").execute(&state).await.expect("set");
    state.close().await;
    assert!(matches!(State::open(&file).await, Err(StateError::Foreign)));
}
