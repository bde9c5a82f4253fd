//! Bad days: a full disk, transactions dropped in the midst of a group, a server that hangs up; and
//! that what is removed is truly gone.

use super::harness::Bench;
use super::talk::Talk;
use crate::adapters::sql::db::Dialect;
use crate::adapters::sql::query::{assembled, sql};
use crate::adapters::sql::store::StorePlace;
use crate::ports::conversations::{Conversations, Messages, Removals};
use crate::ports::error::StoreError;
use crate::ports::store::StoreHealth;
use crate::ports::turns::{Accepted, Turns};
use futures::future::join_all;

/// Lets the file grow by so many pages and no further; `None` frees it again.
async fn room(bench: &Bench, pages: Option<i64>) {
    assert_eq!(bench.store.db.dialect(), Dialect::Sqlite, "only its file is limited here");
    let mut tx = bench.store.db.begin().await.expect("a transaction begins");
    let used = tx.one(sql("PRAGMA page_count")).await.expect("it counts").expect("a number");
    let used: i64 = used.get("page_count").expect("it is one");
    let limit = pages.map_or(1_073_741_823, |pages| used + pages);
    tx.one(assembled(format!("PRAGMA max_page_count = {limit}"))).await.expect("the limit is set");
    tx.commit().await.expect("nothing was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_and_loses_nothing_acknowledged() {
    let bench = Bench::sqlite().await;
    bench.show(full_disk(&bench)).await;
}

async fn full_disk(bench: &Bench) {
    let first = Talk::begin(bench).await;
    let mut asked = Vec::new();
    for n in 0..60 {
        let talk = Talk::between(bench, first.owner()).await;
        asked.push(talk.exchange(
            bench,
            None,
            &format!("{n} {}", "some words that take their room ".repeat(80)),
        ));
    }
    room(bench, Some(40)).await;
    let accepts = asked.iter().map(|exchange| {
        let (store, exchange) = (bench.store.clone(), exchange.clone());
        bench
            .tasks
            .spawn(async move { store.accept(&exchange.turn, &exchange.message, &exchange.entry).await })
    });
    let outcomes = join_all(accepts).await;
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for (outcome, exchange) in outcomes.into_iter().zip(&asked) {
        match outcome.expect("no task panics") {
            Ok(Accepted::New(_)) => kept.push(exchange),
            Err(StoreError::DiskFull) => refused.push(exchange),
            other => panic!("a full disk is told as such, not as {other:?}"),
        }
    }
    assert!(!refused.is_empty(), "the disk was not full");
    for exchange in &kept {
        assert_eq!(bench.store.find_turn(&exchange.turn).await, exchange.turn);
    }
    bench.store.ping().await.expect("reading goes on");

    room(bench, None).await;
    for exchange in &refused {
        let turn = &exchange.turn;
        let message = Messages::find(&bench.store, turn.tenant, turn.conversation, turn.message).await;
        assert_eq!(message.expect("the store answers"), None, "what was refused is not there");
        assert_eq!(exchange.accept(bench).await, Accepted::New(turn.clone()));
    }
    let whole = bench.store.db.one(sql("PRAGMA integrity_check")).await.expect("it is checked");
    let verdict: String = whole.expect("it says something").get("integrity_check").expect("in words");
    assert_eq!(verdict, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_dropped_half_way_leaves_its_group_alone() {
    let bench = Bench::sqlite().await;
    bench.show(dropped_half_way(&bench)).await;
}

async fn dropped_half_way(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    for round in 0..20 {
        let mut dropped = bench.store.db.begin().await.expect("a transaction begins");
        let forgotten = sql("UPDATE conversations SET title = 'never' WHERE id = $1").bind(talk.conversation);
        assert_eq!(dropped.run(forgotten).await.expect("it is written, though not kept"), 1);
        let other = Talk { conversation: bench.id(), ..talk };
        let conversation = other.new_conversation(bench.now());
        let ((), added) = tokio::join!(async { drop(dropped) }, bench.store.add(&conversation, None));
        added.expect("a neighbour is stored");
        assert_eq!(
            bench.store.find_conversation(talk).await.expect("it is there").title,
            None,
            "round {round}"
        );
        assert!(bench.store.find_conversation(other).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_file_takes_nothing_and_says_so() {
    let bench = Bench::sqlite().await;
    let talk = Talk::begin(&bench).await;
    let exchange = talk.exchange(&bench, None, "hello");
    bench.store.close().await;
    let error = bench.store.accept(&exchange.turn, &exchange.message, &exchange.entry).await;
    assert!(matches!(error, Err(StoreError::Unavailable { .. })), "{error:?}");
    bench.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_removed_leaves_no_trace_in_the_file() {
    let bench = Bench::sqlite().await;
    bench.show(no_trace(&bench)).await;
}

async fn no_trace(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let mut parent = None;
    for n in 0..30 {
        let (said, replied) = (format!("Xylophonquark{n} speaks"), format!("Xylophonquark answers {n}"));
        parent = Some(talk.exchange_words(bench, parent, &said, &replied).await);
    }
    let unfinished = talk.ask(bench, parent, "Xylophonquark once more").await;
    bench.store.append(&unfinished.turn, 0, "Xylophonquark begins").await.expect("it owns the turn");
    let (tenant, person, id) = (talk.tenant, talk.person, talk.conversation);
    let removed = Removals::remove(&bench.store, tenant, person, id, bench.now()).await;
    assert!(removed.expect("the store answers"));
    assert!(bench.store.delete(tenant, person, id).await.expect("the store answers"));
    bench.store.close().await;
    let StorePlace::Sqlite(settings) = &bench.place else { panic!("this is about SQLite's file") };
    let content = std::fs::read(&settings.file).expect("the file is there").to_ascii_lowercase();
    let word = b"xylophon";
    assert!(!content.windows(word.len()).any(|bytes| bytes == word), "the words are still in the file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_up_is_told_and_found_again() {
    let bench = Bench::postgres().await;
    bench.show(hung_up(&bench)).await;
}

async fn hung_up(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let mut cut = bench.store.db.begin().await.expect("a transaction begins");
    let title = sql("UPDATE conversations SET title = 'never' WHERE id = $1").bind(talk.conversation);
    assert_eq!(cut.run(title).await.expect("it is written, though not kept"), 1);
    let rival = bench.another().await;
    let hang_up = sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()");
    rival.db.all(hang_up).await.expect("every other connection is cut");
    let error = cut.commit().await.expect_err("nothing of it is kept");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    bench.store.ping().await.expect("a fresh connection takes the place of the lost one");
    assert_eq!(bench.store.find_conversation(talk).await.expect("it is there").title, None);
    talk.ask(bench, None, "hello again").await;
    rival.close().await;
}
